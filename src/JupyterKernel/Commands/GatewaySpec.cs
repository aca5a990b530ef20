using Newtonsoft.Json.Linq;

namespace JupyterKernel.Commands;

/// <summary>
/// What differs in the kernelspec of a Jupyter Enterprise Gateway, which starts kernels on other machines through a process proxy.
/// Source: https://jupyter-enterprise-gateway.readthedocs.io/en/latest/developers/kernel-specification.html
/// </summary>
/// <param name="ProxyClass">The gateway's class that starts the kernel.</param>
/// <param name="Launcher">
/// The gateway's script that starts a container, in the folder <c>scripts</c> of the kernelspec; null if the proxy starts the program
/// itself.
/// </param>
internal sealed record GatewaySpec(string ProxyClass, string? Launcher)
{
    private const string Proxies = "enterprise_gateway.services.processproxies";

    /// <summary>The kernelspecs by the name of their environment.</summary>
    public static IReadOnlyDictionary<string, GatewaySpec> All { get; } = new Dictionary<string, GatewaySpec>
    {
        ["distributed"] = new($"{Proxies}.distributed.DistributedProcessProxy", null),
        ["docker"] = new($"{Proxies}.docker_swarm.DockerProcessProxy", "launch_docker.py"),
        ["kubernetes"] = new($"{Proxies}.k8s.KubernetesProcessProxy", "launch_kubernetes.py"),
    };

    /// <summary>Changes the content of a kernelspec.</summary>
    /// <param name="image">The name of the image of <c>deploy/Dockerfile</c>, target <c>kernel</c>.</param>
    public void Apply(JObject content, InstalledProgram program, string image)
    {
        IEnumerable<string> start = Launcher is null ? [.. program.Argv, "kernel"] : ["python", "{resource_dir}/scripts/" + Launcher];
        content["argv"] = new JArray(start.Concat(
        [
            "--RemoteProcessProxy.kernel-id", "{kernel_id}", "--RemoteProcessProxy.response-address", "{response_address}",
            "--RemoteProcessProxy.public-key", "{public_key}", "--RemoteProcessProxy.port-range", "{port_range}",
        ]));
        var proxy = new JObject { ["class_name"] = ProxyClass };
        if (Launcher is not null) proxy["config"] = new JObject { ["image_name"] = image };
        content["metadata"]!["process_proxy"] = proxy;

        // The gateway's answer has no keys for it.
        ((JObject)content["metadata"]!).Remove("supported_encryption");
    }
}
