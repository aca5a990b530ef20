using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using JupyterKernel.Protocol;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Gateway;

/// <summary>
/// The answer to the gateway: the connection, encrypted with a random AES key, which is encrypted with the gateway's public key. It is sent
/// as one base64 text over TCP; the end of the stream ends it.
/// </summary>
internal static class GatewayAnswer
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>Sends the answer.</summary>
    /// <param name="listenerPort">The port of the <see cref="GatewayListener"/>.</param>
    /// <exception cref="IOException">The gateway could not be reached.</exception>
    public static async Task SendAsync(GatewayLaunch launch, ConnectionFile connection, int listenerPort)
    {
        if (launch.ResponseAddress is not { } address) return;
        var json = JObject.Parse(connection.ToJson());
        json["kernel_id"] = launch.KernelId;
        json["pid"] = Environment.ProcessId;
        json["comm_port"] = listenerPort;
        try
        {
            using var deadline = new CancellationTokenSource(Timeout);
            using var client = new TcpClient(address.AddressFamily);
            await client.ConnectAsync(address, deadline.Token);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(Encrypt(json.ToString(), launch.PublicKey)), deadline.Token);
        }
        catch (Exception unreachable) when (unreachable is SocketException or IOException or OperationCanceledException)
        {
            throw new IOException(
                $"The gateway could not be reached at {address}, the response address: {unreachable.Message} Check that this machine may "
                + "connect to it.", unreachable);
        }
    }

    /// <summary>Encrypts a text for the owner of a key pair, in the gateway's format (version 1).</summary>
    public static string Encrypt(string text, RSA publicKey)
    {
        using var aes = Aes.Create();
        aes.KeySize = 128;
        aes.GenerateKey();
        var answer = new JObject
        {
            ["version"] = 1,
            ["key"] = Convert.ToBase64String(publicKey.Encrypt(aes.Key, RSAEncryptionPadding.Pkcs1)),

            // The gateway knows no other mode. Each key is used for one message.
            ["conn_info"] = Convert.ToBase64String(aes.EncryptEcb(Encoding.UTF8.GetBytes(text), PaddingMode.PKCS7)),
        };
        return Convert.ToBase64String(Encoding.UTF8.GetBytes(answer.ToString()));
    }
}
