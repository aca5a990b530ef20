namespace JupyterKernel.Display.Hosting;

/// <summary>
/// What the display API needs of the process that runs the cells. Any thread may call it.
/// </summary>
internal interface INotebookHost
{
    /// <summary>Cancelled when the running cell is interrupted.</summary>
    CancellationToken CancellationToken { get; }

    /// <summary>An id that nothing else has; the same one when the cell is executed again in another process.</summary>
    /// <param name="kind">Of what it is; each is counted by itself.</param>
    string NewId(string kind);

    /// <summary>Shows a bundle under a display id, or replaces what is shown under it.</summary>
    void Publish(MimeBundle bundle, string? displayId, bool update);

    /// <summary>Clears the running cell's output, at once or when the next output arrives.</summary>
    void ClearOutput(bool wait);

    /// <summary>Asks the user for a line and blocks until it is there.</summary>
    /// <exception cref="InvalidOperationException">The client takes no input.</exception>
    string ReadInput(string prompt, bool password);

    /// <summary>The names of tuple items in the value that the calling code shows; null if there are none. In the form that <c>TupleNames</c> parses.</summary>
    string? TupleNamesOfDisplayed() => null;

    /// <summary>Has code compiled and run behind the running cell, as part of it; completes when it has ended.</summary>
    Task<SubmittedResult> SubmitAsync(string code) => Task.FromResult(new SubmittedResult(null, "No code can be submitted here."));

    /// <summary>Has something done when the running cell has ended, before its end is told.</summary>
    void AtCellEnd(Action action)
    {
    }

    /// <summary>Tells the kernel of a magic.</summary>
    /// <returns>The number of the cell that registers it.</returns>
    long RegisterMagic(MagicDeclaration magic) => 0;

    /// <summary>What a variable of the session holds.</summary>
    bool TryGetVariable(string name, out object? value)
    {
        value = null;
        return false;
    }

    /// <summary>Sends a message of a comm to the front ends.</summary>
    /// <param name="type">The protocol's: comm_open, comm_msg or comm_close.</param>
    /// <param name="id">The comm's.</param>
    /// <param name="target">What it is open to.</param>
    /// <param name="data">As UTF-8 JSON.</param>
    /// <param name="metadata">As UTF-8 JSON.</param>
    /// <param name="buffers">Binary data beside it.</param>
    void PostComm(string type, string id, string target, byte[] data, byte[] metadata, IReadOnlyList<byte[]> buffers);

    /// <summary>Lets front ends open comms to a target.</summary>
    void ListenForComms(string target);
}

/// <summary>What became of code that a cell submitted.</summary>
/// <param name="Value">Its result.</param>
/// <param name="Problem">Why it was not run to its end; null if it was.</param>
internal sealed record SubmittedResult(object? Value, string? Problem);
