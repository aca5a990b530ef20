using System.Collections;
using System.Reflection;
using JupyterKernel.Display;
using Microsoft.DotNet.Interactive.Commands;

namespace Microsoft.DotNet.Interactive;

/// <summary>The kernel that the others belong to: a command goes to the one that it names, else to C#.</summary>
public sealed class CompositeKernel : Kernel, IEnumerable<Kernel>
{
    private const string CSharp = "csharp";

    /// <summary>A kernel without others.</summary>
    public CompositeKernel(string? name = null) : base(name ?? ".NET")
    {
        ChildKernels = new(this);
        KernelInfo.IsComposite = true;
    }

    /// <summary>The kernel that commands go to which name none.</summary>
    public string DefaultKernelName { get; set; } = CSharp;

    /// <summary>The kernels that belong to it.</summary>
    public KernelCollection ChildKernels { get; }

    /// <summary>Adds a kernel, so that commands can name it. Cells of its language cannot be written: this program runs C#.</summary>
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
        var types = Assembly.Load(new AssemblyName("Microsoft.DotNet.Interactive.CSharp, Version=1.0.0.0, PublicKeyToken=31bf3856ad364e35"));
        root.Add((Kernel)Activator.CreateInstance(types.GetType("Microsoft.DotNet.Interactive.CSharp.CSharpKernel", throwOnError: true)!)!, ["C#", "c#"]);
        root.Add(new ShowingKernel("html", Notebook.HTML));
        root.Add(new ShowingKernel("javascript", Notebook.Javascript), ["js"]);
        root.Add(new ShowingKernel("markdown", Notebook.Markdown));
        return root;
    }

    internal override Kernel? Target(KernelCommand command) => command.TargetKernelName == Name ? this : ChildKernels.Find(command.TargetKernelName ?? DefaultKernelName);
}

/// <summary>Kernels by their names.</summary>
public sealed class KernelCollection(CompositeKernel compositeKernel) : IReadOnlyCollection<Kernel>
{
    private readonly List<Kernel> kernels = [];

    /// <summary>What they belong to.</summary>
    internal CompositeKernel Owner => compositeKernel;

    /// <inheritdoc/>
    public int Count => kernels.Count;

    /// <summary>A kernel by its name or another that it has.</summary>
    public bool TryGetByAlias(string alias, out Kernel? kernel) => (kernel = Find(alias)) is not null;

    /// <inheritdoc/>
    public IEnumerator<Kernel> GetEnumerator() => kernels.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal Kernel? Find(string name) => kernels.Find(kernel => kernel.KernelInfo.IsCalled(name));

    internal void Add(Kernel kernel) => kernels.Add(kernel);
}

/// <summary>Finding kernels, and sending code to them.</summary>
public static class KernelExtensions
{
    /// <summary>A kernel by its name; null if there is none.</summary>
    public static Kernel? FindKernelByName(this Kernel kernel, string name) => kernel.FindKernels(found => found.KernelInfo.IsCalled(name)).FirstOrDefault();

    /// <summary>The kernels of which something is true: this one, and those that belong to it or to the root.</summary>
    public static IEnumerable<Kernel> FindKernels(this Kernel kernel, Func<Kernel, bool> predicate)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        return new[] { kernel.RootKernel }.Concat(kernel.RootKernel as IEnumerable<Kernel> ?? []).Where(predicate);
    }

    /// <summary>Has code run by a kernel.</summary>
    public static Task<KernelCommandResult> SubmitCodeAsync(this Kernel kernel, string code)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        return kernel.SubmitCodeAsync(code);
    }

    /// <summary>Does something with each kernel below this one.</summary>
    public static void VisitSubkernels(this Kernel kernel, Action<Kernel> onVisit)
    {
        foreach (var child in kernel as IEnumerable<Kernel> ?? []) onVisit(child);
    }

    /// <summary>Does something with this kernel and each below it.</summary>
    public static void VisitSubkernelsAndSelf(this Kernel kernel, Action<Kernel> onVisit)
    {
        ArgumentNullException.ThrowIfNull(onVisit);
        onVisit(kernel);
        kernel.VisitSubkernels(onVisit);
    }
}
