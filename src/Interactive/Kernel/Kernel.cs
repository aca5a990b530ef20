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
/// A kernel for cells in one language, as in .NET Interactive. Here, there is one for C#, which uses this program's own kernel, and three
/// that display their code. Any thread.
/// </summary>
public abstract class Kernel : IDisposable
{
    private static readonly Lazy<CompositeKernel> LazyRoot = new(CompositeKernel.Create);

    private readonly Broadcast<KernelEvent> events = new();
    private readonly Stack<Action> disposals = new();

    /// <summary>Creates a kernel.</summary>
    /// <param name="name">The name used in commands.</param>
    protected Kernel(string name) : this(name, null, null)
    {
    }

    /// <summary>Creates a kernel for a language.</summary>
    /// <param name="name">The name used in commands.</param>
    /// <param name="languageName">The name of the language.</param>
    /// <param name="languageVersion">The version of the language.</param>
    protected Kernel(string name, string? languageName, string? languageVersion)
    {
        Name = name;
        KernelInfo = new KernelInfo(name) { LanguageName = languageName, LanguageVersion = languageVersion };
    }

    /// <summary>The kernel that runs the notebook's cells.</summary>
    public static Kernel Current => LazyRoot.Value.ChildKernels.First();

    /// <summary>The parent of all kernels.</summary>
    public static Kernel Root => LazyRoot.Value;

    /// <summary>The name used in commands.</summary>
    public string Name { get; }

    /// <summary>The description of the kernel.</summary>
    public KernelInfo KernelInfo { get; }

    /// <summary>The parent kernel; null for the root.</summary>
    public CompositeKernel? ParentKernel { get; internal set; }

    /// <summary>The root of the kernels: the one without a parent.</summary>
    public Kernel RootKernel => ParentKernel?.RootKernel ?? this;

    /// <summary>The events published through this API.</summary>
    public IObservable<KernelEvent> KernelEvents => events;

    /// <summary>Carries out a command and waits until it completes.</summary>
    /// <returns>The result, whose last event is a <see cref="CommandSucceeded"/> or a <see cref="CommandFailed"/>.</returns>
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

    /// <summary>Runs code and waits until it has ended.</summary>
    public Task<KernelCommandResult> SubmitCodeAsync(string code) => SendAsync(new SubmitCode(code));

    /// <summary>Publishes an event, and displays the value of the event if it has one.</summary>
    public void PublishEvent(KernelEvent kernelEvent)
    {
        ArgumentNullException.ThrowIfNull(kernelEvent);
        Raise(kernelEvent);
        kernelEvent.Show();
    }

    /// <summary>
    /// Registers a magic. The handler receives a command of the directive's command type or, without one, a <see cref="DirectiveCommand"/>.
    /// </summary>
    public void AddDirective(KernelActionDirective directive, Func<KernelCommand, KernelInvocationContext, Task> handler) =>
        DirectiveMagic.Add(directive,
            (directive ?? throw new ArgumentNullException(nameof(directive))).KernelCommandType ?? typeof(DirectiveCommand), handler);

    /// <summary>Registers a magic. The handler receives a command with the given parameters.</summary>
    public void AddDirective<TCommand>(KernelActionDirective directive, Func<TCommand, KernelInvocationContext, Task> handler)
        where TCommand : KernelCommand =>
            DirectiveMagic.Add(directive, typeof(TCommand), (command, context) => handler((TCommand)command, context));

    /// <summary>Registers an action to run when the kernel is disposed of.</summary>
    public void RegisterForDisposal(Action dispose) => disposals.Push(dispose);

    /// <summary>Registers an object to dispose of with the kernel.</summary>
    public void RegisterForDisposal(IDisposable disposable) => RegisterForDisposal(disposable.Dispose);

    /// <inheritdoc/>
    public void Dispose()
    {
        while (disposals.TryPop(out var dispose)) dispose();
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{GetType().Name}: {Name}";

    /// <summary>Displays a value, in the given MIME types if there are any.</summary>
    public static Formatting.DisplayedValue display(object? value, params string[] mimeTypes) => value.Display(mimeTypes);

    /// <summary>Wraps a string that is already HTML.</summary>
    public static IHtmlContent HTML(string content) => content.ToHtmlContent();

    /// <summary>Adds a style sheet to the page.</summary>
    public static void CSS(string content) => new HtmlString($"<style>{content}</style>").Display();

    /// <summary>Runs a script in the page.</summary>
    public static void Javascript(string scriptContent) => Formatting.DisplayedValue.Show(Notebook.Javascript(scriptContent), []);

    /// <summary>Asks the user for a line of input.</summary>
    public static Task<string> GetInputAsync(string prompt = "", string typeHint = "text") =>
        Task.FromResult(typeHint == "password" ? Notebook.GetPassword(prompt).GetClearTextPassword() : Notebook.GetInput(prompt));

    /// <summary>Asks the user for several lines of input, one after another.</summary>
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

    /// <summary>Asks the user for a line of input that is hidden while it is typed.</summary>
    public static Task<PasswordString> GetPasswordAsync(string prompt = "") =>
        Task.FromResult(new PasswordString(Notebook.GetPassword(prompt).GetClearTextPassword()));

    internal virtual Kernel? Target(KernelCommand command) =>
        command.TargetKernelName is null || KernelInfo.IsCalled(command.TargetKernelName)
            ? this
            : (ParentKernel ?? RootKernel as CompositeKernel)?.ChildKernels.Find(command.TargetKernelName);

    /// <summary>Carries out a command that was sent to this kernel.</summary>
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

    /// <summary>Runs code that was sent to this kernel.</summary>
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

/// <summary>A command could not be carried out; the message states the reason, for the user.</summary>
internal sealed class KernelCommandException(string message) : Exception(message);
