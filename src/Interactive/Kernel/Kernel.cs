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
/// What runs the cells of a language, as .NET Interactive has it. Here there is the one that runs C#, whose work this program's kernel does, and three
/// that show what they are given. Any thread.
/// </summary>
public abstract class Kernel : IDisposable
{
    private static readonly Lazy<CompositeKernel> LazyRoot = new(CompositeKernel.Create);

    private readonly Broadcast<KernelEvent> events = new();
    private readonly Stack<Action> disposals = new();

    /// <param name="name">By which commands name it.</param>
    protected Kernel(string name) : this(name, null, null)
    {
    }

    /// <param name="name">By which commands name it.</param>
    /// <param name="languageName">The language of its code.</param>
    /// <param name="languageVersion">The language's version.</param>
    protected Kernel(string name, string? languageName, string? languageVersion)
    {
        Name = name;
        KernelInfo = new KernelInfo(name) { LanguageName = languageName, LanguageVersion = languageVersion };
    }

    /// <summary>The kernel that runs the notebook's cells.</summary>
    public static Kernel Current => LazyRoot.Value.ChildKernels.First();

    /// <summary>The kernel that the others belong to.</summary>
    public static Kernel Root => LazyRoot.Value;

    /// <summary>By which commands name it.</summary>
    public string Name { get; }

    /// <summary>What there is to say of it.</summary>
    public KernelInfo KernelInfo { get; }

    /// <summary>The kernel that it belongs to.</summary>
    public CompositeKernel? ParentKernel { get; internal set; }

    /// <summary>The kernel that has no other above it.</summary>
    public Kernel RootKernel => ParentKernel?.RootKernel ?? this;

    /// <summary>What happens in it, as far as it is told by this interface.</summary>
    public IObservable<KernelEvent> KernelEvents => events;

    /// <summary>Has a command carried out, and waits until it is.</summary>
    /// <returns>What happened; its last event is a <see cref="CommandSucceeded"/> or a <see cref="CommandFailed"/>.</returns>
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
            await (Target(command) ?? throw new KernelCommandException($"There is no kernel '{command.TargetKernelName}' here, but {string.Join(", ", LazyRoot.Value.ChildKernels.Select(kernel => kernel.Name))}.")).CarryOutAsync(command).WaitAsync(cancellationToken);
            Tell(new CommandSucceeded(command));
        }
        catch (KernelCommandException failure)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            Tell(new CommandFailed(failure.Message, command));
        }
        catch (OperationCanceledException cancelled) when (cancellationToken.IsCancellationRequested)
        {
            Tell(new CommandFailed(cancelled, command));
        }

        return result;
    }

    /// <summary>The same for code.</summary>
    public Task<KernelCommandResult> SubmitCodeAsync(string code) => SendAsync(new SubmitCode(code));

    /// <summary>Tells that something has happened, and shows it where it is something to show.</summary>
    public void PublishEvent(KernelEvent kernelEvent)
    {
        ArgumentNullException.ThrowIfNull(kernelEvent);
        Tell(kernelEvent);
        kernelEvent.Show();
    }

    /// <summary>Registers a magic whose handler gets a command of the directive's type, or one that only has its parameters.</summary>
    public void AddDirective(KernelActionDirective directive, Func<KernelCommand, KernelInvocationContext, Task> handler) =>
        DirectiveMagic.Add(directive, (directive ?? throw new ArgumentNullException(nameof(directive))).KernelCommandType ?? typeof(DirectiveCommand), handler);

    /// <summary>Registers a magic whose handler gets a command with what was given.</summary>
    public void AddDirective<TCommand>(KernelActionDirective directive, Func<TCommand, KernelInvocationContext, Task> handler)
        where TCommand : KernelCommand => DirectiveMagic.Add(directive, typeof(TCommand), (command, context) => handler((TCommand)command, context));

    /// <summary>Has something done when this is disposed of.</summary>
    public void RegisterForDisposal(Action dispose) => disposals.Push(dispose);

    /// <summary>Has something disposed of with this.</summary>
    public void RegisterForDisposal(IDisposable disposable) => RegisterForDisposal(disposable.Dispose);

    /// <inheritdoc/>
    public void Dispose()
    {
        while (disposals.TryPop(out var dispose)) dispose();
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{GetType().Name}: {Name}";

    /// <summary>Shows a value, in these forms if any are named.</summary>
    public static Formatting.DisplayedValue display(object? value, params string[] mimeTypes) => value.Display(mimeTypes);

    /// <summary>Text that is HTML.</summary>
    public static IHtmlContent HTML(string content) => content.ToHtmlContent();

    /// <summary>Adds a style sheet to the page.</summary>
    public static void CSS(string content) => new HtmlString($"<style>{content}</style>").Display();

    /// <summary>Has the page run a script.</summary>
    public static void Javascript(string scriptContent) => Formatting.DisplayedValue.Show(Notebook.Javascript(scriptContent), []);

    /// <summary>Asks the user for a line.</summary>
    public static Task<string> GetInputAsync(string prompt = "", string typeHint = "text") =>
        Task.FromResult(typeHint == "password" ? Notebook.GetPassword(prompt).GetClearTextPassword() : Notebook.GetInput(prompt));

    /// <summary>Asks the user for several lines, one after the other.</summary>
    public static async Task<IDictionary<string, string>> GetInputsAsync(IEnumerable<InputDescription> inputDescriptions)
    {
        ArgumentNullException.ThrowIfNull(inputDescriptions);
        var inputs = new Dictionary<string, string>();
        foreach (var input in inputDescriptions) inputs[input.Name] = await GetInputAsync(input.Prompt, input.TypeHint);
        return inputs;
    }

    /// <inheritdoc cref="GetInputsAsync"/>
    public static Task<IDictionary<string, string>> RequestInputsAsync(IEnumerable<InputDescription> inputDescriptions) => GetInputsAsync(inputDescriptions);

    /// <summary>Asks the user for a line that is not shown while it is typed.</summary>
    public static Task<PasswordString> GetPasswordAsync(string prompt = "") => Task.FromResult(new PasswordString(Notebook.GetPassword(prompt).GetClearTextPassword()));

    internal virtual Kernel? Target(KernelCommand command) => command.TargetKernelName is null || KernelInfo.IsCalled(command.TargetKernelName) ? this : (ParentKernel ?? RootKernel as CompositeKernel)?.ChildKernels.Find(command.TargetKernelName);

    /// <summary>Carries out a command that was sent to this.</summary>
    internal virtual Task CarryOutAsync(KernelCommand command)
    {
        switch (command)
        {
            case SubmitCode submission: return RunAsync(submission);
            case DisplayValue display: Publish(new DisplayedValueProduced(null, command, [display.FormattedValue], display.ValueId)); break;
            case UpdateDisplayedValue update: Publish(new DisplayedValueUpdated(null, update.ValueId, command, [update.FormattedValue])); break;
            case DisplayError error: Publish(new ErrorProduced(error.Message, command)); break;
            case RequestInput input: Tell(new InputProduced(GetInputAsync(input.Prompt, input.IsPassword ? "password" : input.InputTypeHint).Result, input)); break;
            case RequestInputs inputs: Tell(new InputsProduced(new(GetInputsAsync(inputs.Inputs).Result), inputs)); break;
            case RequestValue value when TryGetVariable(value.Name, out var found): Tell(new ValueProduced(found, value.Name, FormattedValue.CreateSingleFromObject(found, value.MimeType), value)); break;
            case RequestValue value: throw new KernelCommandException($"There is no variable {value.Name}.");
            case Quit: throw new KernelCommandException("A cell cannot end this kernel: shut it down in the front end.");
            default: throw new KernelCommandException($"This kernel does not carry out {command.GetType().Name}.");
        }

        return Task.CompletedTask;
    }

    /// <summary>Runs code that was sent to this.</summary>
    internal virtual Task RunAsync(SubmitCode submission) => throw new KernelCommandException($"{Name} runs no code.");

    /// <summary>A variable of the session.</summary>
    internal static bool TryGetVariable(string name, [MaybeNullWhen(false)] out object? value)
    {
        value = null;
        return NotebookHost.Current is { } host && host.TryGetVariable(name, out value);
    }

    internal void Publish(KernelEvent happened) => PublishEvent(happened);

    private void Tell(KernelEvent happened)
    {
        events.Next(happened);
        if (RootKernel != this) RootKernel.events.Next(happened);
    }
}

/// <summary>Why a command could not be carried out, for the user.</summary>
internal sealed class KernelCommandException(string message) : Exception(message);
