using System.Reflection;

namespace JupyterKernel.Worker.Values;

/// <summary>
/// A place that outlives the cell that declared it: a variable, a property's backing field, or a static field of a type
/// declared in a cell.
/// </summary>
/// <param name="Submission">The object that a cell's variables are fields of; null for a static field.</param>
internal sealed record Variable(FieldInfo Field, object? Submission)
{
    private const BindingFlags Everything =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private const string BackingFieldEnd = ">k__BackingField";

    /// <summary>The name as the user wrote it, with the type's before it for a static field.</summary>
    public string Name
    {
        get
        {
            var name = Field.Name.EndsWith(BackingFieldEnd, StringComparison.Ordinal) ? Field.Name[1..^BackingFieldEnd.Length] : Field.Name;
            return Submission is null ? $"{Field.DeclaringType!.Name}.{name}" : name;
        }
    }

    /// <summary>What it holds now.</summary>
    public object? Value => Field.GetValue(Submission);

    /// <summary>The variables of cells, in the order of the cells.</summary>
    /// <param name="submissions">One object for each cell.</param>
    /// <param name="libraries">Assemblies of cells that have no variables, but static fields.</param>
    public static IEnumerable<Variable> Of(IEnumerable<object> submissions, IEnumerable<Assembly> libraries)
    {
        foreach (var submission in submissions)
        {
            var type = submission.GetType();
            foreach (var field in type.GetFields(Everything))
            {
                if (!field.IsStatic && IsWritten(field)) yield return new(field, submission);
            }

            foreach (var field in type.Assembly.GetTypes().Where(other => other != type && IsReadable(other)).SelectMany(StaticFields)) yield return new(field, null);
        }

        foreach (var field in libraries.SelectMany(library => library.GetTypes()).Where(IsReadable).SelectMany(StaticFields)) yield return new(field, null);
    }

    private static IEnumerable<FieldInfo> StaticFields(Type type) => type.GetFields(Everything).Where(field => field.IsStatic && !field.IsLiteral && IsWritten(field));

    /// <summary>
    /// Whether a type's static fields can be read without anything of the user's running that would not run anyway: not the
    /// open generic ones, and not those with a static constructor, which the first read would call.
    /// </summary>
    private static bool IsReadable(Type type) => !type.Name.StartsWith('<') && !type.ContainsGenericParameters && !type.IsEnum
        && (type.TypeInitializer is null || type.Attributes.HasFlag(TypeAttributes.BeforeFieldInit));

    private static bool IsWritten(FieldInfo field) =>
        !field.Name.StartsWith('<') || field.Name.EndsWith(BackingFieldEnd, StringComparison.Ordinal);
}
