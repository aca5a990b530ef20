using JupyterKernel.Compilation;
using JupyterKernel.Packages;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>Tests package directives: their meaning, the text that the compiler sees in their place, and sets of packages.</summary>
public sealed class PackageDirectivesTests
{
    private static readonly string Here = Path.GetTempPath();

    public static TheoryData<string, string, string?> Packages => new()
    {
        { "#r \"nuget: A.B\"", "A.B", null },
        { "#r \"nuget:A,1.2.3\"", "A", "1.2.3" },
        { "  # r \"NuGet: A / 1.2.3 \" // why", "A", "1.2.3" },
        { "#r \"nuget: A, 1.*\"", "A", "1.*" },
        { "#r \"nuget: A, *-*\"", "A", "*-*" },
        { "#r \"nuget: A, [1.0,2.0)\"", "A", "[1.0,2.0)" },
        { "#r \"nuget: A, 1.0.0-beta.1+build\"", "A", "1.0.0-beta.1+build" },
        { "#:package A@1.2.3", "A", "1.2.3" },
        { "#:package A", "A", null },
    };

    [Theory]
    [MemberData(nameof(Packages))]
    public void A_package_in_every_spelling(string line, string id, string? version) =>
        Assert.Equal([new(PackageDirectiveKind.Package, id, version)], PackageDirectives.In($"var x = 1;\n{line}\nx", Here));

    [Theory]
    [InlineData("#r \"nuget Dapper\"", "#r \"nuget: Dapper\"")]
    [InlineData("#r nuget: Dapper", "#r \"nuget: Dapper\"")]
    [InlineData("#r nuget:Dapper,2.1.0 // why", "#r \"nuget: Dapper,2.1.0\"")]
    [InlineData("#r 'nuget: Dapper'", "#r \"nuget: Dapper\"")]
    [InlineData("#r “nuget: Dapper, 2.1.0”", "#r \"nuget: Dapper, 2.1.0\"")]
    [InlineData("#r „nuget: Dapper“", "#r \"nuget: Dapper\"")]
    [InlineData("#r «nuget: Dapper»", "#r \"nuget: Dapper\"")]
    [InlineData("#r \"nuget: Dapper", "#r \"nuget: Dapper\"")]
    [InlineData("#r \"nuget: \"", "#r \"nuget: Id\"")]
    [InlineData("#r \"nuget: Dapper 2.1.0\"", "#r \"nuget: Dapper, 2.1.0\"")]
    [InlineData("#r \"nuget: Dapper@2.1.0\"", "#r \"nuget: Dapper, 2.1.0\"")]
    [InlineData("#r \"nuget: Dapper==2.1.0\"", "#r \"nuget: Dapper, 2.1.0\"")]
    [InlineData("#r \"nuget: Dapper, Version=2.1.0\"", "#r \"nuget: Dapper, 2.1.0\"")]
    [InlineData("#i nuget: https://a/index.json", "#i \"nuget: https://a/index.json\"")]
    [InlineData("#i 'nuget: https://a/index.json'", "#i \"nuget: https://a/index.json\"")]
    [InlineData("#i \"https://a/index.json\"", "#i \"nuget: https://a/index.json\"")]
    [InlineData("#r framework: Microsoft.AspNetCore.App", "#r \"framework: Microsoft.AspNetCore.App\"")]
    public void A_misspelled_directive_is_answered_with_the_right_one(string line, string right)
    {
        var directive = Assert.Single(PackageDirectives.In(line, Here));
        Assert.Equal(PackageDirectiveKind.Malformed, directive.Kind);
        Assert.Contains(right, directive.Name, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("#r \"nuget: Dapper,\"", null)]
    [InlineData("#r \"nuget: Dapper\";", null)]
    [InlineData("#r \"nuget: Dapper, v2.1.0\" // why", "2.1.0")]
    public void A_directive_with_little_too_much_is_understood(string line, string? version) =>
        Assert.Equal([new(PackageDirectiveKind.Package, "Dapper", version)], PackageDirectives.In(line, Here));

    [Fact]
    public void Sources_frameworks_projects_and_properties()
    {
        const string Code =
            "#i \"nuget: https://a/index.json\"\n#r \"framework: Microsoft.AspNetCore.App\"\n#:sdk Microsoft.NET.Sdk.Web@10.0.0\n#r \"b.csproj\"\n#:project c\n#:property Nullable = enable";
        Assert.Equal(
            [
                new(PackageDirectiveKind.Source, "https://a/index.json"), new(PackageDirectiveKind.Framework, "Microsoft.AspNetCore.App"),
                new(PackageDirectiveKind.Framework, "Microsoft.AspNetCore.App"),
                new(PackageDirectiveKind.Project, Path.Combine(Here, "b.csproj")),
                new(PackageDirectiveKind.Project, Path.Combine(Here, "c")), new(PackageDirectiveKind.Property, "Nullable", "enable"),
            ],
            PackageDirectives.In(Code, Here));
    }

    [Theory]
    [InlineData("var s = @\"\n#r \"\"nuget: A\"\"\n\";")]
    [InlineData("/*\n#r \"nuget: A\"\n*/")]
    [InlineData("// #r \"nuget: A\"")]
    [InlineData("#if NEVER\n#r \"nuget: A\"\n#endif")]
    [InlineData("#region \"nuget: A\"\n#endregion")]
    [InlineData("#r \"a.dll\"")]
    [InlineData("#r \"nuget helper.dll\"")]
    [InlineData("#r \"nuget/a.dll\"")]
    [InlineData("#r \"Nuget.Core.dll\"")]
    [InlineData("#r \"NuGet.Core\"")]
    [InlineData("#!time")]
    public void Lines_that_only_resemble_a_directive_are_ignored(string code)
    {
        Assert.Empty(PackageDirectives.In(code, Here));
        Assert.Equal(code, PackageDirectives.Blank(code));
    }

    [Fact]
    public void The_compiler_sees_blanks_in_their_place()
    {
        const string Code = "var a = 1;\r\n  #r \"nuget: A\" // x\r\na";
        Assert.Equal("var a = 1;\r\n                    \r\na", PackageDirectives.Blank(Code));
    }

    [Fact]
    public void Loaded_files_count_once_and_may_load_each_other()
    {
        var folder = Directory.CreateTempSubdirectory();
        File.WriteAllText(Path.Combine(folder.FullName, "a.csx"), "#load \"b.csx\"\n#r \"nuget: A\"\n#r \"lib/x.csproj\"");
        File.WriteAllText(Path.Combine(folder.FullName, "b.csx"), "#load \"a.csx\"\n#r \"nuget: B\"");

        var found = PackageDirectives.In("#load \"a.csx\"\n#load \"missing.csx\"", folder.FullName);

        Assert.Equal(
            [new(PackageDirectiveKind.Package, "B"), new(PackageDirectiveKind.Package, "A"),
                new(PackageDirectiveKind.Project, Path.Combine(folder.FullName, "lib", "x.csproj"))], found);
        folder.Delete(recursive: true);
    }

    [Fact]
    public void Values_in_a_project_file_are_escaped()
    {
        var set = Set("#i \"nuget: /tmp/$(A);B%41\"", "#r \"nuget: C, [1,2)\"");
        var project = set.Project(Here, "linux-x64");

        Assert.Contains("<RestoreAdditionalProjectSources>/tmp/%24(A)%3BB%2541</RestoreAdditionalProjectSources>", project,
            StringComparison.Ordinal);
        Assert.Contains("<PackageReference Include=\"C\" Version=\"[1,2)\" Condition=\"'$(ManagePackageVersionsCentrally)' != 'true'\" />",
            project, StringComparison.Ordinal);
    }

    [Fact]
    public void A_set_has_each_package_once_and_keeps_what_was_resolved()
    {
        var first = Set("#r \"nuget: A\"", "#r \"nuget: B, 1.*\"");
        var pinned = first.Pinned([new("a", "1.5.0", null), new("B", "1.9.0", null), new("C", "3.0.0", null)]);

        Assert.Equal([new("A", "1.5.0"), new("B", "1.9.0")], pinned.Packages);
        Assert.Same(pinned, pinned.With(PackageDirectives.In("#r \"nuget: A\"", Here), Here));
        Assert.Equal([new("A", "1.5.0"), new("b", "2.0.0")],
            pinned.With(PackageDirectives.In("#r \"nuget: b, 2.0.0\"", Here), Here).Packages);
        Assert.NotEqual(first.Key(Here, "linux-x64"), pinned.Key(Here, "linux-x64"));
        Assert.Equal(Set("#r \"nuget: B, 1.*\"", "#r \"nuget: A\"").Key(Here, "linux-x64"), first.Key(Here, "linux-x64"));
    }

    [Fact]
    public void A_version_that_is_too_new_is_looked_for_below_its_minor_and_then_its_major_version()
    {
        var set = Set("#r \"nuget: A\"", "#r \"nuget: B, 3.0.0\"");
        var minor = set.Below([new("a", "11.3.2", null)])!;
        Assert.Equal([new("A", "[*, 11.3)"), new("B", "3.0.0")], minor.Packages);
        var major = minor.Below([new("A", "11.0.5", null)])!;
        Assert.Equal([new("A", "[*, 11.0)"), new("B", "3.0.0")], major.Packages);
        Assert.Equal([new("A", "10.9.0"), new("B", "3.0.0")], major.Pinned([new("A", "10.9.0", null)]).Packages);
        Assert.Null(set.Below([new("B", "3.0.0", null)]));
        Assert.Null(set.Below([new("C", "3.0.0", null)]));
        Assert.Null(set.Below([]));
    }

    [Fact]
    public void A_set_is_another_one_where_a_configuration_of_its_own_applies()
    {
        var set = Set("#r \"nuget: A, 1.0.0\"");
        var folder = Directory.CreateTempSubdirectory();
        var inner = folder.CreateSubdirectory("a").CreateSubdirectory("b");
        Assert.Equal(set.Key(Here, "linux-x64"), set.Key(inner.FullName, "linux-x64"));

        File.WriteAllText(Path.Combine(folder.FullName, "nuget.config"), "<configuration />");
        Assert.NotEqual(set.Key(Here, "linux-x64"), set.Key(inner.FullName, "linux-x64"));
        folder.Delete(recursive: true);
    }

    [Fact]
    public void A_cached_restore_is_not_used_when_its_files_are_gone()
    {
        var file = Path.GetTempFileName();
        var json = new ResolvedPackages([new("A", "1.0.0", "https://a")], [file], [file], [], [], []).ToJson();

        Assert.Equal([new("A", "1.0.0", "https://a")], ResolvedPackages.FromJson(json)?.Packages);
        File.Delete(file);
        Assert.Null(ResolvedPackages.FromJson(json));
        File.WriteAllText(file, "another length");
        Assert.Null(ResolvedPackages.FromJson(json));
        File.Delete(file);
        Assert.Null(ResolvedPackages.FromJson("{}"));
        Assert.Null(ResolvedPackages.FromJson("""{ "Resolved": {}, "Bytes": 0 }"""));
        Assert.Null(ResolvedPackages.FromJson("not JSON"));
    }

    private static PackageSet Set(params string[] lines) =>
        PackageSet.Empty.With(PackageDirectives.In(string.Join('\n', lines), Here), Here);
}
