// Namespaces that notebooks import though nothing in them is of use here: a using of one that does not exist would fail the whole cell.

namespace Microsoft.DotNet.Interactive.Connection
{
    internal static class Nothing;
}

namespace Microsoft.DotNet.Interactive.Extensions
{
    internal static class Nothing;
}

namespace Microsoft.DotNet.Interactive.Parsing
{
    internal static class Nothing;
}

namespace Microsoft.DotNet.Interactive.Utility
{
    internal static class Nothing;
}

namespace Microsoft.DotNet.Interactive.ValueSharing
{
    internal static class Nothing;
}
