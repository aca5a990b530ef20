using System.Reflection;
using System.Security.Cryptography;
using JupyterKernel.Link;
using JupyterKernel.Worker.Values;

namespace JupyterKernel.Worker.State;

/// <summary>
/// The session's state in this worker: reads, sets, measures and releases the variables of cells for the kernel.
/// Cell thread, between cells.
/// </summary>
/// <param name="assemblies">The load context of cells.</param>
/// <param name="submissions">The submissions, which have the variables as fields, in the order of their cells.</param>
internal sealed class SessionState(CellLoadContext assemblies, Submissions submissions)
{
    /// <summary>The size from which a released array or string is collected immediately.</summary>
    private const long LargeBytes = 16 * 1024 * 1024;

    /// <summary>Reads the variables of all cells.</summary>
    /// <param name="isCancelled">Whether a queued cell makes this give way.</param>
    public StateRead Read(ReadState request, Func<bool> isCancelled)
    {
        using var values = new LimitedStream(request.MaxBytes);
        try
        {
            using var hash = SHA256.Create();
            using var sink = new CryptoStream(request.WithValues ? values : System.IO.Stream.Null, hash, CryptoStreamMode.Write);
            using var writer = new ValueWriter(sink, new KnownObjects(submissions.All), isCancelled);
            var opaque = writer.Write(Variable.Of(submissions.All, assemblies.Libraries));
            sink.FlushFinalBlock();
            return new StateRead(
                request.Request, Convert.ToHexString(hash.Hash!),
                [.. opaque.Select(left =>
                    new OpaqueVariable(left.Variable.Field.DeclaringType!.Assembly.GetName().Name!, left.Variable.Name,
                        Display.Bundles.TypeNames.Of(left.Reason)))],
                null)
            {
                Payload = request.WithValues ? [values.ToArray()] : [],
            };
        }
        catch (Exception problem) when (problem is not OutOfMemoryException)
        {
            return new StateRead(request.Request, null, [], problem.Message);
        }
        catch (OutOfMemoryException)
        {
            return new StateRead(request.Request, null, [], "not enough memory");
        }
    }

    /// <summary>Reads the value of a variable as text, if that runs no user code.</summary>
    public VariableRead Tell(ReadVariable request)
    {
        var submission =
            submissions.All.LastOrDefault(submission => submission.GetType().Assembly.GetName().Name == request.Variable.Assembly);
        var field = submission?.GetType()
            .GetField(request.Variable.Name, BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance);
        return new(request.Request, field is null ? null : ValueText.Of(field.GetValue(submission)));
    }

    /// <summary>Sets variables and reports those that could not be set.</summary>
    public StateSet Set(SetState request)
    {
        try
        {
            var problems = SetValues(request.Payload[0]);
            return new StateSet(request.Request, problems.Count == 0
                ? null
                : string.Join("; ", problems.Select(problem => $"{problem.Variable}: {problem.Reason}")));
        }
        catch (Exception problem)
        {
            return new StateSet(request.Request, problem.Message);
        }
    }

    /// <summary>Sets variables.</summary>
    /// <param name="values">The values written by <see cref="Read"/>, in this or another worker.</param>
    public List<(string Variable, string Reason)> SetValues(byte[] values)
    {
        var known = new KnownObjects(submissions.All);
        using var reader = new ValueReader(new MemoryStream(values, writable: false), known, assemblies.FindType);
        return reader.SetAll((assembly, type, field) => Find(known, assembly, type, field));
    }

    /// <summary>Measures the variables.</summary>
    public VariablesMeasured Measure(MeasureVariables request, Func<bool> isCancelled) => new(
        request.Request,
        [.. new VariableSizes(isCancelled).Largest(Variable.Of(submissions.All, assemblies.Libraries), request.Count)
            .Select(size => new VariableSize(size.Name, size.Bytes))]);

    /// <summary>Releases the values of variables.</summary>
    public void Forget(ForgetVariables request)
    {
        var byAssembly = request.Variables.Count == 1
            ? null
            : submissions.All.ToDictionary(submission => submission.GetType().Assembly.GetName().Name!);
        var wasLarge = false;
        foreach (var (assembly, name) in request.Variables)
        {
            var submission = byAssembly is null
                ? submissions.All.Reverse().FirstOrDefault(submission => submission.GetType().Assembly.GetName().Name == assembly)
                : byAssembly.GetValueOrDefault(assembly);
            if (submission?.GetType().GetField(name, BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance) is not { } field)
            {
                continue;
            }
            wasLarge |= ShallowBytes(field.GetValue(submission)) > LargeBytes;
            field.SetValue(submission, null);
        }

        // By itself, the garbage collector would wait until the same amount has been allocated again.
        if (wasLarge) GC.Collect();
    }

    private static long ShallowBytes(object? value) => value switch
    {
        Array array when array.GetType().GetElementType() is { IsPointer: false } element =>
            (long)array.Length * (element.IsValueType ? RawBytes.SizeOf(element) : IntPtr.Size),
        string text => 2L * text.Length,
        System.Collections.ICollection { Count: var count } => 8L * count,
        _ => 0,
    };

    private Variable? Find(KnownObjects known, string assembly, string type, string field)
    {
        var declaring = assemblies.FindCell(assembly)?.GetType(type);
        var found =
            declaring?.GetField(field,
                BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly);
        return found is null ? null : new Variable(found, found.IsStatic ? null : known.Find(type));
    }

    /// <summary>A stream that throws when more than its limit is written.</summary>
    private sealed class LimitedStream(long maxBytes) : MemoryStream
    {
        // In a class derived from MemoryStream, all other write methods call this one.
        public override void Write(byte[] buffer, int offset, int count)
        {
            if (Length + count > maxBytes) throw new InvalidOperationException("the variables are larger than the limit");
            base.Write(buffer, offset, count);
        }
    }
}
