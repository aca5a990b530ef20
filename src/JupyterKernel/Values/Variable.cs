using System.Reflection;

namespace JupyterKernel.Values;

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
    public static IEnumerable<Variable> Of(IEnumerable<object> submissions)
    {
        foreach (var submission in submissions)
        {
            var type = submission.GetType();
            foreach (var field in type.GetFields(Everything))
            {
                if (!field.IsStatic && IsWritten(field)) yield return new(field, submission);
            }

            foreach (var nested in NestedTypes(type))
            {
                foreach (var field in nested.GetFields(Everything))
                {
                    if (field.IsStatic && !field.IsLiteral && IsWritten(field)) yield return new(field, null);
                }
            }
        }
    }

    /// <summary>
    /// The types of a cell whose static fields can be read without anything of the user's running that would not run
    /// anyway: not the open generic ones, and not those with a static constructor, which the first read would call.
    /// </summary>
    private static IEnumerable<Type> NestedTypes(Type type)
    {
        foreach (var nested in type.GetNestedTypes(BindingFlags.Public | BindingFlags.NonPublic))
        {
            if (nested.Name.StartsWith('<') || nested.ContainsGenericParameters || nested.IsEnum) continue;
            if (nested.TypeInitializer is null || nested.Attributes.HasFlag(TypeAttributes.BeforeFieldInit)) yield return nested;
            foreach (var deeper in NestedTypes(nested)) yield return deeper;
        }
    }

    private static bool IsWritten(FieldInfo field) =>
        !field.Name.StartsWith('<') || field.Name.EndsWith(BackingFieldEnd, StringComparison.Ordinal);
}
