using System.Reflection;
using System.Runtime.Loader;
using JupyterKernel.Compilation;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>Tests that reflection sees the types that cells declare as it would see them in a program.</summary>
public sealed class TopLevelTypesTests
{
    private readonly CellCompiler compiler = new(Path.GetTempPath());
    private readonly AssemblyLoadContext context = new("cells");
    private readonly object?[] submissions = new object?[100];
    private CSharpCompilation last;

    public TopLevelTypesTests() => last = compiler.Root;

    [Theory]
    [InlineData("class Point { }", "Point")]
    [InlineData("internal record Point(int X);", "Point")]
    [InlineData("struct Point { public class Inner; }", "Point")]
    [InlineData("enum Point { A }", "Point")]
    [InlineData("delegate void Point();", "Point")]
    [InlineData("interface Point { }", "Point")]
    [InlineData("class Point<T> { T? field; }", "Point`1")]
    public void A_type_of_a_cell_is_public_and_top_level(string code, string name)
    {
        var type = Load(code).Assembly.GetType(name, throwOnError: true)!;

        Assert.Equal(name, type.FullName);
        Assert.Null(type.DeclaringType);
        Assert.True(type.IsPublic);
    }

    [Fact]
    public void Types_nested_in_a_cells_type_stay_nested() =>
        Assert.Equal("Outer+Inner+Innermost",
            Load("class Outer { public class Inner { public enum Innermost { } } }").Assembly.GetType("Outer+Inner+Innermost")!.FullName);

    [Fact]
    public void Compiler_generated_types_stay_in_the_submission()
    {
        var nested = Load("class Point { } IEnumerable<int> Ones() { yield return 1; }")
            .GetNestedTypes(BindingFlags.Public | BindingFlags.NonPublic);

        Assert.NotEmpty(nested);
        Assert.All(nested, type => Assert.StartsWith("<", type.Name, StringComparison.Ordinal));
    }

    [Fact]
    public void Later_cells_use_the_latest_type_of_a_name_and_older_values_keep_theirs()
    {
        Run("class Point { public string Version => \"old\"; } var old = new Point();");
        Run("class Point { public string Version => \"new\"; } class Derived : Point { public Point Other = new(); }");

        Assert.Equal("old new new Derived",
            Run("$\"{old.Version} {new Derived().Version} {new Derived().Other.Version} {new Derived()}\""));
    }

    [Fact]
    public void Types_can_use_other_declarations_of_their_cell()
    {
        Run("const int C = 1; static int Twice(int n) => n * 2; private static int hidden = 4;");

        Assert.Equal(15, Run("static int Own() => 6; class Uses { public int Sum => C + Twice(2) + hidden + Own(); } new Uses().Sum"));
    }

    [Fact]
    public void Attributes_name_types_of_this_cell_and_of_others()
    {
        const string Named = "$\"{known.Of} {string.Join<Type>(\" \", known.Others)}\"";
        const string Arguments = "typeof(Point), Others = new[] { typeof(List<Point>), typeof(Point[]), typeof(Point.Inner) }";
        Run("class Knows : Attribute { public Knows(Type type) => Of = type; public Type Of; public Type[] Others; }");
        Run($"class Point {{ public class Inner; }} [Knows({Arguments})] class Same; "
            + $"var known = (Knows)typeof(Same).GetCustomAttributes(false)[0];");
        Assert.Equal("Point System.Collections.Generic.List`1[Point] Point[] Point+Inner", Run(Named));

        Run($"[Knows({Arguments})] class Later; known = (Knows)typeof(Later).GetCustomAttributes(false)[0];");
        Assert.Equal("Point System.Collections.Generic.List`1[Point] Point[] Point+Inner", Run(Named));
        Assert.Equal(true, Run("known.Of == typeof(Point)"));
    }

    [Fact]
    public void A_users_type_that_is_called_as_a_submission_keeps_what_is_nested_in_it()
    {
        Run("class Submission_99 { public class Inner; }");

        Assert.Equal("Submission_99+Inner", Run("new Submission_99.Inner()")!.ToString());
    }

    [Fact]
    public void Images_with_many_names_and_types_are_whole()
    {
        var types =
            string.Join('\n',
                Enumerable.Range(0, 3000)
                    .Select(i => $"class TypeWithALongNameOfItsOwn{i}<T> {{ public int Property{i} {{ get; }} = {i}; }}"));
        Run(types);

        Assert.Equal(2999, Run("new TypeWithALongNameOfItsOwn2999<int>().Property2999"));
        Assert.Equal("TypeWithALongNameOfItsOwn7`1[System.Object]", Run("typeof(TypeWithALongNameOfItsOwn7<object>).ToString()"));
    }

    private Type Load(string code)
    {
        var outcome = compiler.Compile(code, "Cell", last, TestContext.Current.CancellationToken);
        var cell = outcome.Cell ?? throw new InvalidOperationException(string.Join('\n', outcome.Errors));
        last = cell.Link;
        return context.LoadFromStream(new MemoryStream(cell.Emitted.Assembly), new MemoryStream(cell.Emitted.Symbols))
            .GetType(cell.EntryType, throwOnError: true)!;
    }

    private object? Run(string code) =>
        ((Task<object?>)Load(code).GetMethod("<Factory>")!.Invoke(null, [submissions])!).GetAwaiter().GetResult();
}
