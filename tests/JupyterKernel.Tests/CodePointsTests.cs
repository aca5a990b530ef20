using JupyterKernel.Protocol;
using Xunit;

namespace JupyterKernel.Tests;

public sealed class CodePointsTests
{
    [Theory]
    [InlineData("", 0, 0)]
    [InlineData("abc", 0, 0)]
    [InlineData("abc", 3, 3)]
    [InlineData("a🦀b", 1, 1)]
    [InlineData("a🦀b", 2, 3)]
    [InlineData("a🦀b", 3, 4)]
    [InlineData("🦀🦀", 1, 2)]
    [InlineData("e\u0301x", 2, 2)]
    public void A_position_and_an_index_are_converted_both_ways(string text, int codePoints, int index)
    {
        Assert.Equal(index, CodePoints.ToIndex(text, codePoints));
        Assert.Equal(codePoints, CodePoints.FromIndex(text, index));
    }

    // Not a theory: an attribute cannot hold half a surrogate pair.
    [Fact]
    public void Half_a_surrogate_pair_counts_as_one()
    {
        Assert.Equal(1, CodePoints.ToIndex("\ud83e", 1));
        Assert.Equal(2, CodePoints.ToIndex("\udd80\ud83e", 2));
        Assert.Equal(3, CodePoints.ToIndex("\ud83e\ud83e\udd80", 2));
        Assert.Equal(2, CodePoints.FromIndex("\ud83e\ud83e\udd80", 3));
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(int.MinValue, 0)]
    [InlineData(4, 4)]
    [InlineData(int.MaxValue, 4)]
    public void A_position_outside_the_text_is_clamped(int codePoints, int index) =>
        Assert.Equal(index, CodePoints.ToIndex("a🦀b", codePoints));

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(int.MaxValue, 3)]
    public void An_index_outside_the_text_is_clamped(int index, int codePoints) =>
        Assert.Equal(codePoints, CodePoints.FromIndex("a🦀b", index));
}
