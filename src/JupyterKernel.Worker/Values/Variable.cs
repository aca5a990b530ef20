using System.Reflection;

namespace JupyterKernel.Worker.Values;

/// <summary>
/// A storage location that outlives the cell that declared it: a variable, the backing field of a property, or a static field of a
/// type declared in a cell.
/// </summary>
/// <param name="Submission">The submission that has the variable as a field; null for a static field.</param>
internal sealed record Variable(FieldInfo Field, object? Submission)
{
    private const BindingFlags Everything =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private const string BackingFieldEnd = ">k__BackingField";

    /// <summary>The name in the user's code; the name of a static field is qualified with the type name.</summary>
    public string Name
    {
        get
        {
            var name = Field.Name.EndsWith(BackingFieldEnd, StringComparison.Ordinal) ? Field.Name[1..^BackingFieldEnd.Length] : Field.Name;
            return Submission is null ? $"{Field.DeclaringType!.Name}.{name}" : name;
        }
    }

    /// <summary>The current value.</summary>
    public object? Value => Field.GetValue(Submission);

    /// <summary>Returns the variables of cells, in the order of the cells.</summary>
    /// <param name="submissions">The submissions of the cells.</param>
    /// <param name="libraries">The libraries of cells, which have static fields but no variables.</param>
    public static IEnumerable<Variable> Of(IEnumerable<object> submissions, IEnumerable<Assembly> libraries)
    {
        foreach (var submission in submissions)
        {
            var type = submission.GetType();
            foreach (var field in type.GetFields(Everything))
            {
                if (!field.IsStatic && IsWritten(field)) yield return new(field, submission);
            }

            foreach (var field in type.Assembly.GetTypes().Where(other => other != type && IsReadable(other)).SelectMany(StaticFields))
            {
                yield return new(field, null);
            }
        }

        foreach (var field in libraries.SelectMany(library => library.GetTypes()).Where(IsReadable).SelectMany(StaticFields))
        {
            yield return new(field, null);
        }
    }

    private static IEnumerable<FieldInfo> StaticFields(Type type) =>
        type.GetFields(Everything).Where(field => field.IsStatic && !field.IsLiteral && IsWritten(field));

    /// <summary>
    /// Whether a type's static fields can be read without running more user code. This excludes open generic types, and types with a static
    /// constructor, which the first read would run.
    /// </summary>
    private static bool IsReadable(Type type) => !type.Name.StartsWith('<') && !type.ContainsGenericParameters && !type.IsEnum
        && (type.TypeInitializer is null || type.Attributes.HasFlag(TypeAttributes.BeforeFieldInit));

    private static bool IsWritten(FieldInfo field) =>
        !field.Name.StartsWith('<') || field.Name.EndsWith(BackingFieldEnd, StringComparison.Ordinal);
}
