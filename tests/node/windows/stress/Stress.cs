using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Threading;

/// <summary>Lets many threads open one named machine container at once, round after round, as an application under load does.</summary>
/// <remarks>
/// Arguments: the container, how many threads, how many rounds, and `anew` when each round shall begin without the container. Says how often
/// opening failed, with which codes, in how many rounds there was more than one key, and which keys there were at all.
/// </remarks>
internal static class Stress
{
    private const uint Machine = 0x20, DeleteKeySet = 0x10;
    private const string Provider = "Microsoft Enhanced RSA and AES Cryptographic Provider";
    private const int ProviderType = 24;

    private static void Main(string[] arguments)
    {
        string name = arguments[0];
        int threads = int.Parse(arguments[1]), rounds = int.Parse(arguments[2]);
        bool anew = arguments.Contains("anew");
        List<string> failures = new List<string>();
        List<string[]> keys = new List<string[]>();
        for (int round = 0; round < rounds; round++)
        {
            if (anew)
            {
                Delete(name);
            }
            keys.Add(Open(name, threads, failures));
        }
        if (anew)
        {
            Delete(name);
        }
        Console.WriteLine("failed " + failures.Count);
        foreach (IGrouping<string, string> code in failures.GroupBy(failure => failure))
        {
            Console.WriteLine("code " + code.Key + " " + code.Count());
        }
        Console.WriteLine("several " + keys.Count(found => found.Length > 1));
        foreach (string key in keys.SelectMany(found => found).Distinct())
        {
            Console.WriteLine("key " + key);
        }
    }

    /// <summary>Opens the container in all threads at one moment; answers the keys that they found, each once.</summary>
    private static string[] Open(string name, int threads, List<string> failures)
    {
        HashSet<string> keys = new HashSet<string>();
        using (Barrier start = new Barrier(threads))
        {
            Thread[] all = Enumerable.Range(0, threads).Select(number => new Thread(() => OpenOnce(name, start, keys, failures))).ToArray();
            foreach (Thread thread in all)
            {
                thread.Start();
            }
            foreach (Thread thread in all)
            {
                thread.Join();
            }
        }
        return keys.ToArray();
    }

    private static void OpenOnce(string name, Barrier start, HashSet<string> keys, List<string> failures)
    {
        CspParameters parameters = new CspParameters { KeyContainerName = name, Flags = CspProviderFlags.UseMachineKeyStore };
        start.SignalAndWait();
        try
        {
            using (RSACryptoServiceProvider rsa = new RSACryptoServiceProvider(parameters))
            {
                byte[] modulus = rsa.ExportParameters(false).Modulus;
                lock (keys)
                {
                    keys.Add(BitConverter.ToString(modulus).Replace("-", ""));
                }
            }
        }
        catch (CryptographicException exception)
        {
            lock (failures)
            {
                failures.Add("0x" + exception.HResult.ToString("X8"));
            }
        }
    }

    private static void Delete(string name)
    {
        IntPtr none;
        CryptAcquireContext(out none, name, Provider, ProviderType, Machine | DeleteKeySet);
    }

    [DllImport("advapi32.dll", EntryPoint = "CryptAcquireContextW", CharSet = CharSet.Unicode, SetLastError = true)]
    private static extern bool CryptAcquireContext(out IntPtr handle, string container, string provider, int type, uint flags);
}
