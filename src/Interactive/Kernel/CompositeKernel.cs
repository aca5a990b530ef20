using System.Collections;
using System.Reflection;
using JupyterKernel.Display;
using Microsoft.DotNet.Interactive.Commands;

namespace Microsoft.DotNet.Interactive;

/// <summary>The parent of all other kernels. A command goes to the kernel that it names, otherwise to the default kernel.</summary>
public sealed class CompositeKernel : Kernel, IEnumerable<Kernel>
{
    private const string CSharp = "csharp";

    /// <summary>Creates a kernel without children.</summary>
    public CompositeKernel(string? name = null) : base(name ?? ".NET")
    {
        ChildKernels = new(this);
        KernelInfo.IsComposite = true;
    }

    /// <summary>The kernel for commands that do not name one; C# by default.</summary>
    public string DefaultKernelName { get; set; } = CSharp;

    /// <summary>The child kernels.</summary>
    public KernelCollection ChildKernels { get; }

    /// <summary>
    /// Adds a kernel that commands can name. Cells in its language are still not supported, because this program runs only C#.
    /// </summary>
    public void Add(Kernel kernel, IEnumerable<string>? aliases = null)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        kernel.ParentKernel = this;
        kernel.KernelInfo.Aliases = [.. kernel.KernelInfo.Aliases, .. aliases ?? []];
        ChildKernels.Add(kernel);
    }

    /// <inheritdoc/>
    public IEnumerator<Kernel> GetEnumerator() => ChildKernels.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal static CompositeKernel Create()
    {
        var root = new CompositeKernel();
        var types = Assembly.Load(
            new AssemblyName("Microsoft.DotNet.Interactive.CSharp, Version=1.0.0.0, PublicKeyToken=31bf3856ad364e35"));
        root.Add((Kernel)Activator.CreateInstance(types.GetType("Microsoft.DotNet.Interactive.CSharp.CSharpKernel", throwOnError: true)!)!,
            ["C#", "c#"]);
        root.Add(new ShowingKernel("html", Notebook.HTML));
        root.Add(new ShowingKernel("javascript", Notebook.Javascript), ["js"]);
        root.Add(new ShowingKernel("markdown", Notebook.Markdown));
        return root;
    }

    internal override Kernel? Target(KernelCommand command) =>
        command.TargetKernelName == Name ? this : ChildKernels.Find(command.TargetKernelName ?? DefaultKernelName);
}

/// <summary>The child kernels of a kernel, by name.</summary>
public sealed class KernelCollection(CompositeKernel compositeKernel) : IReadOnlyCollection<Kernel>
{
    private readonly List<Kernel> kernels = [];

    /// <summary>The parent kernel.</summary>
    internal CompositeKernel Owner => compositeKernel;

    /// <inheritdoc/>
    public int Count => kernels.Count;

    /// <summary>Finds a kernel by name or alias.</summary>
    public bool TryGetByAlias(string alias, out Kernel? kernel) => (kernel = Find(alias)) is not null;

    /// <inheritdoc/>
    public IEnumerator<Kernel> GetEnumerator() => kernels.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal Kernel? Find(string name) => kernels.Find(kernel => kernel.KernelInfo.IsCalled(name));

    internal void Add(Kernel kernel) => kernels.Add(kernel);
}

/// <summary>Extension methods that find kernels and send code to them.</summary>
public static class KernelExtensions
{
    /// <summary>Finds a kernel by name; null if there is none.</summary>
    public static Kernel? FindKernelByName(this Kernel kernel, string name) =>
        kernel.FindKernels(found => found.KernelInfo.IsCalled(name)).FirstOrDefault();

    /// <summary>Returns the kernels that satisfy a condition, among the root kernel and its children.</summary>
    public static IEnumerable<Kernel> FindKernels(this Kernel kernel, Func<Kernel, bool> predicate)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        return new[] { kernel.RootKernel }.Concat(kernel.RootKernel as IEnumerable<Kernel> ?? []).Where(predicate);
    }

    /// <summary>Runs code with a kernel.</summary>
    public static Task<KernelCommandResult> SubmitCodeAsync(this Kernel kernel, string code)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        return kernel.SubmitCodeAsync(code);
    }

    /// <summary>Calls an action with each child kernel.</summary>
    public static void VisitSubkernels(this Kernel kernel, Action<Kernel> onVisit)
    {
        foreach (var child in kernel as IEnumerable<Kernel> ?? []) onVisit(child);
    }

    /// <summary>Calls an action with this kernel and each child kernel.</summary>
    public static void VisitSubkernelsAndSelf(this Kernel kernel, Action<Kernel> onVisit)
    {
        ArgumentNullException.ThrowIfNull(onVisit);
        onVisit(kernel);
        kernel.VisitSubkernels(onVisit);
    }
}
