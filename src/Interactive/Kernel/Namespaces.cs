// Empty namespaces, because notebooks import them: a using directive for a missing namespace would be a compile error in the whole cell.

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
