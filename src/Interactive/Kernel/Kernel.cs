using System.Diagnostics.CodeAnalysis;
using JupyterKernel.Display;
using JupyterKernel.Display.Hosting;
using Microsoft.AspNetCore.Html;
using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.Directives;
using Microsoft.DotNet.Interactive.Events;
using Microsoft.DotNet.Interactive.Formatting;

namespace Microsoft.DotNet.Interactive;

/// <summary>
/// A kernel for the cells of a language, as in .NET Interactive. This program has one for C#, whose work its own kernel does, and three
/// that display their code. Any thread.
/// </summary>
public abstract class Kernel : IDisposable
{
    private static readonly Lazy<CompositeKernel> LazyRoot = new(CompositeKernel.Create);

    private readonly Broadcast<KernelEvent> events = new();
    private readonly Stack<Action> disposals = new();

    /// <summary>Creates a kernel.</summary>
    /// <param name="name">The name that commands use.</param>
    protected Kernel(string name) : this(name, null, null)
    {
    }

    /// <summary>Creates a kernel for a language.</summary>
    /// <param name="name">The name that commands use.</param>
    /// <param name="languageName">The language of its code.</param>
    /// <param name="languageVersion">The language's version.</param>
    protected Kernel(string name, string? languageName, string? languageVersion)
    {
        Name = name;
        KernelInfo = new KernelInfo(name) { LanguageName = languageName, LanguageVersion = languageVersion };
    }

    /// <summary>The kernel that runs the notebook's cells.</summary>
    public static Kernel Current => LazyRoot.Value.ChildKernels.First();

    /// <summary>The parent of all kernels.</summary>
    public static Kernel Root => LazyRoot.Value;

    /// <summary>The name that commands use.</summary>
    public string Name { get; }

    /// <summary>The description of the kernel.</summary>
    public KernelInfo KernelInfo { get; }

    /// <summary>The parent kernel; null for the root.</summary>
    public CompositeKernel? ParentKernel { get; internal set; }

    /// <summary>The kernel without a parent.</summary>
    public Kernel RootKernel => ParentKernel?.RootKernel ?? this;

    /// <summary>The events that are published through this interface.</summary>
    public IObservable<KernelEvent> KernelEvents => events;

    /// <summary>Executes a command and waits until it completes.</summary>
    /// <returns>The events; the last one is a <see cref="CommandSucceeded"/> or a <see cref="CommandFailed"/>.</returns>
    public async Task<KernelCommandResult> SendAsync(KernelCommand command, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(command);
        var result = new KernelCommandResult(command);
        using var subscription = RootKernel.events.Subscribe(happened =>
        {
            if (happened.Command == command) result.Add(happened);
        });
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            var kernel = Target(command) ?? throw new KernelCommandException(
                $"Unknown kernel '{command.TargetKernelName}'. The kernels are "
                + $"{string.Join(", ", LazyRoot.Value.ChildKernels.Select(child => child.Name))}.");
            await kernel.CarryOutAsync(command).WaitAsync(cancellationToken);
            Raise(new CommandSucceeded(command));
        }
        catch (KernelCommandException failure)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            Raise(new CommandFailed(failure.Message, command));
        }
        catch (OperationCanceledException cancelled) when (cancellationToken.IsCancellationRequested)
        {
            Raise(new CommandFailed(cancelled, command));
        }

        return result;
    }

    /// <summary>Runs code and waits for its end.</summary>
    public Task<KernelCommandResult> SubmitCodeAsync(string code) => SendAsync(new SubmitCode(code));

    /// <summary>Publishes an event, and displays its value if it has one.</summary>
    public void PublishEvent(KernelEvent kernelEvent)
    {
        ArgumentNullException.ThrowIfNull(kernelEvent);
        Raise(kernelEvent);
        kernelEvent.Show();
    }

    /// <summary>Registers a magic whose handler receives a command of the directive's type, or one with its parameters alone.</summary>
    public void AddDirective(KernelActionDirective directive, Func<KernelCommand, KernelInvocationContext, Task> handler) =>
        DirectiveMagic.Add(directive,
            (directive ?? throw new ArgumentNullException(nameof(directive))).KernelCommandType ?? typeof(DirectiveCommand), handler);

    /// <summary>Registers a magic whose handler receives a command with the given parameters.</summary>
    public void AddDirective<TCommand>(KernelActionDirective directive, Func<TCommand, KernelInvocationContext, Task> handler)
        where TCommand : KernelCommand =>
            DirectiveMagic.Add(directive, typeof(TCommand), (command, context) => handler((TCommand)command, context));

    /// <summary>Registers an action that runs when the kernel is disposed of.</summary>
    public void RegisterForDisposal(Action dispose) => disposals.Push(dispose);

    /// <summary>Registers an object that is disposed of with the kernel.</summary>
    public void RegisterForDisposal(IDisposable disposable) => RegisterForDisposal(disposable.Dispose);

    /// <inheritdoc/>
    public void Dispose()
    {
        while (disposals.TryPop(out var dispose)) dispose();
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{GetType().Name}: {Name}";

    /// <summary>Displays a value, in these MIME types if any are given.</summary>
    public static Formatting.DisplayedValue display(object? value, params string[] mimeTypes) => value.Display(mimeTypes);

    /// <summary>Wraps text that is HTML.</summary>
    public static IHtmlContent HTML(string content) => content.ToHtmlContent();

    /// <summary>Adds a style sheet to the page.</summary>
    public static void CSS(string content) => new HtmlString($"<style>{content}</style>").Display();

    /// <summary>Runs a script in the page.</summary>
    public static void Javascript(string scriptContent) => Formatting.DisplayedValue.Show(Notebook.Javascript(scriptContent), []);

    /// <summary>Asks the user for a line of input.</summary>
    public static Task<string> GetInputAsync(string prompt = "", string typeHint = "text") =>
        Task.FromResult(typeHint == "password" ? Notebook.GetPassword(prompt).GetClearTextPassword() : Notebook.GetInput(prompt));

    /// <summary>Asks the user for several lines of input, one after the other.</summary>
    public static async Task<IDictionary<string, string>> GetInputsAsync(IEnumerable<InputDescription> inputDescriptions)
    {
        ArgumentNullException.ThrowIfNull(inputDescriptions);
        var inputs = new Dictionary<string, string>();
        foreach (var input in inputDescriptions) inputs[input.Name] = await GetInputAsync(input.Prompt, input.TypeHint);
        return inputs;
    }

    /// <inheritdoc cref="GetInputsAsync"/>
    public static Task<IDictionary<string, string>> RequestInputsAsync(IEnumerable<InputDescription> inputDescriptions) =>
        GetInputsAsync(inputDescriptions);

    /// <summary>Asks the user for a line of input that is hidden while typed.</summary>
    public static Task<PasswordString> GetPasswordAsync(string prompt = "") =>
        Task.FromResult(new PasswordString(Notebook.GetPassword(prompt).GetClearTextPassword()));

    internal virtual Kernel? Target(KernelCommand command) =>
        command.TargetKernelName is null || KernelInfo.IsCalled(command.TargetKernelName)
            ? this
            : (ParentKernel ?? RootKernel as CompositeKernel)?.ChildKernels.Find(command.TargetKernelName);

    /// <summary>Carries out a command for this kernel.</summary>
    internal virtual Task CarryOutAsync(KernelCommand command)
    {
        switch (command)
        {
            case SubmitCode submission: return RunAsync(submission);
            case DisplayValue display: Publish(new DisplayedValueProduced(null, command, [display.FormattedValue], display.ValueId)); break;
            case UpdateDisplayedValue update:
                Publish(new DisplayedValueUpdated(null, update.ValueId, command, [update.FormattedValue]));
                break;
            case DisplayError error: Publish(new ErrorProduced(error.Message, command)); break;
            case RequestInput input:
                Raise(new InputProduced(GetInputAsync(input.Prompt, input.IsPassword ? "password" : input.InputTypeHint).Result, input));
                break;
            case RequestInputs inputs: Raise(new InputsProduced(new(GetInputsAsync(inputs.Inputs).Result), inputs)); break;
            case RequestValue value when TryGetVariable(value.Name, out var found):
                Raise(new ValueProduced(found, value.Name, FormattedValue.CreateSingleFromObject(found, value.MimeType), value));
                break;
            case RequestValue value: throw new KernelCommandException($"Unknown variable '{value.Name}'.");
            case Quit: throw new KernelCommandException("A cell cannot shut this kernel down. Shut it down in the front end.");
            default: throw new KernelCommandException($"This kernel does not support {command.GetType().Name}.");
        }

        return Task.CompletedTask;
    }

    /// <summary>Runs code for this kernel.</summary>
    internal virtual Task RunAsync(SubmitCode submission) => throw new KernelCommandException($"The kernel '{Name}' cannot run code.");

    /// <summary>Reads a variable of the session.</summary>
    internal static bool TryGetVariable(string name, [MaybeNullWhen(false)] out object? value)
    {
        value = null;
        return NotebookHost.Current is { } host && host.TryGetVariable(name, out value);
    }

    internal void Publish(KernelEvent happened) => PublishEvent(happened);

    private void Raise(KernelEvent happened)
    {
        events.Next(happened);
        if (RootKernel != this) RootKernel.events.Next(happened);
    }
}

/// <summary>The reason why a command could not be carried out, for the user.</summary>
internal sealed class KernelCommandException(string message) : Exception(message);
