// Namespaces that notebooks import although nothing in them is supported: a using of a missing namespace would fail the whole cell.

namespace Microsoft.DotNet.Interactive.Connection
{
    internal static class EmptyConnection;
}

namespace Microsoft.DotNet.Interactive.Extensions
{
    internal static class EmptyExtensions;
}

namespace Microsoft.DotNet.Interactive.Parsing
{
    internal static class EmptyParsing;
}

namespace Microsoft.DotNet.Interactive.Utility
{
    internal static class EmptyUtility;
}

namespace Microsoft.DotNet.Interactive.ValueSharing
{
    internal static class EmptyValueSharing;
}
