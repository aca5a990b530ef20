using System.Text;
using JupyterKernel.Generators;
using JupyterKernel.Link;

// The process that runs source generators, which are code of others: the kernel reads what they have written from stdout, and survives
// what they do. It ends when stdin does, also while a generator runs.
using var requests = new BinaryReader(Console.OpenStandardInput(), Encoding.UTF8);
using var replies = new BinaryWriter(Console.OpenStandardOutput(), Encoding.UTF8);

// What a generator prints must not get among the replies.
Console.SetOut(Console.Error);
Console.SetIn(TextReader.Null);

var generators = new LoadedGenerators();
try
{
    while (true)
    {
        var request = GeneratorRequest.Read(requests);
        new Thread(() => generators.Run(request).Write(replies), 64 * 1024 * 1024) { IsBackground = true }.Start();
    }
}
catch (Exception ended) when (ended is IOException)
{
    return 0;
}
