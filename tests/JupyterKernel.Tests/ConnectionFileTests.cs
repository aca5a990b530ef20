using JupyterKernel.Protocol;
using Xunit;

namespace JupyterKernel.Tests;

public sealed class ConnectionFileTests : IDisposable
{
    private readonly string path = Path.GetTempFileName();

    public void Dispose() => File.Delete(path);

    [Fact]
    public void A_file_as_Jupyter_writes_it_is_read()
    {
        var file = Load("""
            {"shell_port": 1, "iopub_port": 2, "stdin_port": 3, "control_port": 4, "hb_port": 5, "ip": "127.0.0.2",
             "key": "a-b", "transport": "ipc", "signature_scheme": "hmac-sha256", "kernel_name": "csharp", "jupyter_session": "x.ipynb"}
            """);

        Assert.Equal(
            new ConnectionFile
            {
                ShellPort = 1, IopubPort = 2, StdinPort = 3, ControlPort = 4, HeartbeatPort = 5, Ip = "127.0.0.2",
                Key = "a-b", Transport = "ipc", SignatureScheme = "hmac-sha256", KernelName = "csharp",
            },
            file);
    }

    [Fact]
    public void What_is_written_is_read()
    {
        var file = new ConnectionFile { ShellPort = 1, IopubPort = 2, StdinPort = 3, ControlPort = 4, HeartbeatPort = 5, Key = "k" };

        Assert.Equal(file, Load(file.ToJson()));
    }

    [Fact]
    public void Omitted_members_have_Jupyters_default_values()
    {
        var file = Load("{}");

        Assert.Equal(("tcp", "127.0.0.1", "", "hmac-sha256"), (file.Transport, file.Ip, file.Key, file.SignatureScheme));
    }

    [Theory]
    [InlineData("", "not a connection file")]
    [InlineData("null", "not a connection file")]
    [InlineData("hello", "not a connection file")]
    [InlineData("[]", "not a connection file")]
    [InlineData("""{"shell_port": "many"}""", "shell_port")]
    [InlineData("""{"shell_port": 99999999999}""", "not a connection file")]
    [InlineData("""{"ip": null}""", "not a connection file")]
    [InlineData("""{"key": null}""", "not a connection file")]
    [InlineData("""{"transport": "carrier pigeon"}""", "carrier pigeon")]
    [InlineData("""{"key": "s3cret", "signature_scheme": "hmac-whirlpool"}""", "hmac-whirlpool")]
    [InlineData("""{"shell_port": 65536}""", "65536 is not a valid value for shell_port")]
    [InlineData("""{"hb_port": -1}""", "-1 is not a valid value for hb_port")]
    [InlineData("""{"stdin_port": true}""", "stdin_port")]
    [InlineData("""{"control_port": 1.5}""", "control_port")]
    [InlineData("""{"shell_port": 7, "hb_port": 7}""", "shell_port and another port have the same value, 7")]
    [InlineData("""{"ip": ""}""", "the ip is empty")]
    [InlineData("""{"curve_publickey": "", "curve_secretkey": ""}""", "curve_publickey is not a key")]
    [InlineData("""{"curve_publickey": "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"}""", "curve_secretkey is not a key")]
    [InlineData("""{"curve_secretkey": "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"}""", "curve_publickey is not a key")]
    [InlineData("""{"curve_publickey": "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", "curve_secretkey": "s3cret~"}""", "curve_secretkey")]
    public void An_invalid_connection_file_is_rejected_with_its_path_and_the_reason(string text, string reason)
    {
        var refused = Assert.Throws<InvalidDataException>(() => Load(text));

        Assert.Contains(path, refused.Message, StringComparison.Ordinal);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_socket_path_is_measured_in_bytes_with_the_longest_port()
    {
        var longest = OperatingSystem.IsMacOS() ? 103 : 107;
        var fits = new string('x', longest - "-12345".Length);

        Assert.Equal(fits, Load(Ipc(fits)).Ip);
        Assert.Contains($"{longest}", Assert.Throws<InvalidDataException>(() => Load(Ipc("é" + fits[1..]))).Message,
            StringComparison.Ordinal);

        static string Ipc(string ip) =>
            new ConnectionFile { Transport = "ipc", Ip = ip, ShellPort = 1, IopubPort = 12345, StdinPort = 3, ControlPort = 4,
                HeartbeatPort = 5 }.ToJson();
    }

    [Fact]
    public void Excessive_nesting_in_a_connection_file_is_rejected() =>
        Assert.Throws<InvalidDataException>(() => Load("{\"a\":" + new string('[', 200_000)));

    [Fact]
    public void A_missing_file_is_an_IOException() =>
        Assert.ThrowsAny<IOException>(() => ConnectionFile.Load(path + ".not-there"));

    [Fact]
    public void As_text_it_shows_no_key() =>
        Assert.DoesNotContain("s3cret", Load("""{"key": "s3cret"}""").ToString(), StringComparison.Ordinal);

    private ConnectionFile Load(string text)
    {
        File.WriteAllText(path, text);
        return ConnectionFile.Load(path);
    }
}
