using System.Net;
using System.Security.Cryptography;
using JupyterKernel.Protocol;
using JupyterKernel.Sockets;

namespace JupyterKernel.Gateway;

/// <summary>
/// How a Jupyter Enterprise Gateway starts a kernel on another machine: without a connection file. The kernel chooses its key and ports and
/// sends them, encrypted, to the gateway (<see cref="GatewayAnswer"/>).
/// Source: https://jupyter-enterprise-gateway.readthedocs.io/en/latest/contributors/system-architecture.html#launchers
/// </summary>
/// <param name="KernelId">The id that the gateway gave the kernel.</param>
/// <param name="PublicKey">The gateway's public key, with which the answer is encrypted.</param>
/// <param name="ResponseAddress">Where the gateway waits for the answer; null if it expects none.</param>
/// <param name="Ports">The ports that the kernel may use; null for any.</param>
internal sealed record GatewayLaunch(string KernelId, RSA PublicKey, IPEndPoint? ResponseAddress, PortRange? Ports)
{
    /// <summary>Reads the options, or the environment variables that a container has instead of options.</summary>
    /// <param name="option">Returns the value of an option such as <c>kernel-id</c>; null if it was not given.</param>
    /// <returns>The launch; null if neither an option nor a variable names a kernel.</returns>
    /// <exception cref="InvalidDataException">A value is missing or invalid; the message states which.</exception>
    public static GatewayLaunch? Of(Func<string, string?> option)
    {
        if (Value("kernel-id", "KERNEL_ID") is not { } id) return null;
        return new(id, KeyOf(Value("public-key", "PUBLIC_KEY", "EG_PUBLIC_KEY")),
            AddressOf(Value("response-address", "RESPONSE_ADDRESS", "EG_RESPONSE_ADDRESS")),
            PortRange.Parse(Value("port-range", "PORT_RANGE", "EG_PORT_RANGE") ?? "0..0"));

        string? Value(string name, params string[] variables) =>
            variables.Select(Environment.GetEnvironmentVariable).Prepend(option(name)).FirstOrDefault(value => value is { Length: > 0 });
    }

    /// <summary>Creates the connection of a new kernel: a random key, all addresses of this machine, and open ports.</summary>
    public static ConnectionFile NewConnection() =>
        new() { Ip = IPAddress.Any.ToString(), Key = RandomNumberGenerator.GetHexString(64, lowercase: true), KernelName = "csharp" };

    private static RSA KeyOf(string? text)
    {
        if (text is null) throw new InvalidDataException("--public-key is missing. The gateway passes it: put {public_key} into argv.");
        var key = RSA.Create();
        try
        {
            key.ImportSubjectPublicKeyInfo(Convert.FromBase64String(text), out _);
            return key;
        }
        catch (Exception malformed) when (malformed is FormatException or CryptographicException)
        {
            throw new InvalidDataException($"--public-key is not a public key in base64 (SubjectPublicKeyInfo): {malformed.Message}");
        }
    }

    private static IPEndPoint? AddressOf(string? text) =>
        text is null ? null
        : IPEndPoint.TryParse(text, out var address) && address.Port > 0 ? address
        : throw new InvalidDataException(
            $"'{text}' is not a valid value for --response-address. Use an IP address and a port, for example 10.0.0.1:8877.");
}
