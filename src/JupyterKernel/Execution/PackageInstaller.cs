using JupyterKernel.Compilation;
using JupyterKernel.Display.Formatting;
using JupyterKernel.Packages;
using JupyterKernel.Protocol;
using JupyterKernel.Session;
using JupyterKernel.Sockets;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Execution;

/// <summary>
/// Restores the packages of a cell's <c>#r "nuget:"</c> lines, shows the progress and summarizes the result. Loop thread.
/// </summary>
internal sealed class PackageInstaller(JupyterSockets sockets, NotebookSession session)
{
    /// <summary>The duration up to which a restore shows no progress.</summary>
    private static readonly TimeSpan Unremarkable = TimeSpan.FromMilliseconds(400);

    private static readonly TimeSpan BetweenProgress = TimeSpan.FromMilliseconds(200);

    private readonly string baseDirectory = Directory.GetCurrentDirectory();
    private int displays;

    /// <summary>Restores the session's packages together with those that a cell requests.</summary>
    /// <param name="code">The cell.</param>
    /// <param name="directory">The folder that relative paths refer to; null for the kernel's working directory.</param>
    /// <param name="request">The request whose outputs show the progress; null to show nothing.</param>
    /// <param name="before">The packages of the session.</param>
    /// <returns>The packages that the cell can use, or the failure.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<(SessionPackages Packages, CellOutcome? Failure)> InstallAsync(string code, string? directory, Request? request,
        SessionPackages before, CancellationToken cancellation)
    {
        var asked = await session.FindPackagesAsync(code, directory ?? baseDirectory, cancellation);
        if (asked.Count == 0) return (before, null);
        if (asked.FirstOrDefault(directive => directive.Kind == PackageDirectiveKind.Malformed) is { } malformed)
        {
            return (before, new CellOutcome.Refused("PackageError", malformed.Name));
        }
        var own = asked.Where(InteractivePackages.Has).Select(directive => directive.Name).Distinct().ToList();
        asked = [.. asked.Where(directive => !InteractivePackages.Has(directive))];
        var set = before.Asked.With(asked, directory ?? baseDirectory);
        if (own.Count > 0 && request is not null) TellOwn(request, own);
        if (set == before.Asked && set.Projects.Count == 0) return (before, null);

        var display = request is null ? null : new Display(sockets, request, $"packages-{++displays}");
        try
        {
            var doing = "";
            var restore = Task.Run(() => new PackageRestore(baseDirectory)
                .RestoreAsync(set, line => Volatile.Write(ref doing, line), cancellation), cancellation);
            await Task.WhenAny(restore, Task.Delay(Unremarkable, CancellationToken.None));
            while (!restore.IsCompleted)
            {
                display?.Show($"Restoring {Listed(asked)} … {Volatile.Read(ref doing)}", null);
                await Task.WhenAny(restore, Task.Delay(BetweenProgress, CancellationToken.None));
            }

            var resolved = await restore;
            var now = new SessionPackages(set.Pinned(resolved.Packages), resolved);
            if (now.Resolved.Extends(before.Resolved) && before.Resolved.Extends(now.Resolved)
                && resolved.Packages.Count == before.Resolved.Packages.Count)
            {
                display?.End($"{Listed(asked)}: already referenced.");
                return (before with { Asked = now.Asked }, null);
            }

            Tell(display, asked, before, now);
            return (now, null);
        }
        catch (PackageException failure)
        {
            display?.End($"{Listed(asked)}: not restored.");
            return (before, new CellOutcome.Refused("PackageError", failure.Message));
        }
        catch (OperationCanceledException)
        {
            display?.End($"{Listed(asked)}: interrupted; nothing was restored.");
            throw;
        }
    }

    private void TellOwn(Request request, IReadOnlyList<string> own) =>
        new Display(sockets, request, $"packages-{++displays}")
            .Note($"{string.Join(", ", own)}: provided by this kernel; nothing was restored.");

    // The directives of a cell may name only sources and properties, but no package.
    private static string Listed(IReadOnlyList<PackageDirective> asked) =>
        string.Join(", ", Names(asked).DefaultIfEmpty("packages"));

    private static IEnumerable<string> Names(IReadOnlyList<PackageDirective> asked) => asked
        .Where(directive => directive.Kind is PackageDirectiveKind.Package or PackageDirectiveKind.Framework
            or PackageDirectiveKind.Project)
        .Select(directive => directive.Kind == PackageDirectiveKind.Project ? Path.GetFileName(directive.Name) : directive.Name).Distinct();

    private static void Tell(Display? display, IReadOnlyList<PackageDirective> asked, SessionPackages before, SessionPackages now)
    {
        var names = Names(asked).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var old =
            before.Resolved.Packages.ToDictionary(package => package.Id, package => package.Version, StringComparer.OrdinalIgnoreCase);
        var rows = now.Resolved.Packages.Where(package => names.Contains(package.Id)
            || (old.TryGetValue(package.Id, out var version) && version != package.Version))
            .Select(package => (string[])[package.Id, package.Version, Short(package.Source),
                !old.TryGetValue(package.Id, out var version) ? "new" : version == package.Version ? "" : $"was {version}"])
            .Concat(names.Where(name => !now.Resolved.Packages.Any(package => package.Id.Equals(name, StringComparison.OrdinalIgnoreCase)))
                .Select(name => (string[])[name, "", "", ""])).ToList();
        var others = now.Resolved.Packages.Count(package => !old.ContainsKey(package.Id) && !names.Contains(package.Id));
        var more = others == 0 ? "" : others == 1 ? "and 1 dependency" : $"and {others} dependencies";
        var plain = string.Join("\n",
            rows.Select(row => string.Join("  ", row.Where(text => text.Length > 0))).Append(more).Concat(now.Resolved.Warnings)
                .Where(line => line.Length > 0));
        var html = NoteHtml.Table([["package", "version", "source", ""], .. rows])
            + string.Concat(now.Resolved.Warnings.Prepend(more).Where(line => line.Length > 0).Select(line => NoteHtml.Small(line)));
        display?.Show(plain, html);
    }

    private static string Short(string? source) =>
        source is null ? "" : Uri.TryCreate(source, UriKind.Absolute, out var address) && !address.IsFile ? address.Host : source;

    /// <summary>A display that is updated.</summary>
    private sealed class Display(JupyterSockets sockets, Request request, string id)
    {
        private bool isThere;

        public void Show(string plain, string? html)
        {
            var data = new JObject { ["text/plain"] = plain };
            if (html is not null) data["text/html"] = html;
            sockets.Publish(isThere ? "update_display_data" : "display_data", request, WireFormat.ToJson(new JObject
            {
                ["data"] = data, ["metadata"] = new JObject(), ["transient"] = new JObject { ["display_id"] = id },
            }));
            isThere = true;
        }

        public void Note(string line) => Show(line, NoteHtml.Small(line));

        /// <summary>Shows a final line in the display, which stays: removing it would remove the other outputs of the cell too.</summary>
        public void End(string line)
        {
            if (isThere) Note(line);
        }
    }
}
