using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Security.Cryptography.X509Certificates;
using System.Security.Principal;
using System.Text;
using Keydeploy;
using Microsoft.Win32;

/// <summary>Lets tests ask one node again and again: a line on standard input for each request, a line on standard output for each answer.</summary>
/// <remarks>
/// ask BASE64 -> answer BASE64; clock SECONDS freezes the node's clock there, and sleeping moves it on; now -> now SECONDS;
/// watch -> ok, and the next sleep of a frozen clock says "waiting SECONDS" and serves further lines until go; clean -> ok, with the
/// registry as it was at the start; hold BASE64 -> ok, with that file open for nobody else until release; make and link BASE64 -> ok, with
/// the container or the link that the JSON tells; quit.
/// </remarks>
internal static class Host
{
    private static readonly DateTime Epoch = new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private static readonly TextReader Input = new StreamReader(Console.OpenStandardInput());
    private static readonly TextWriter Output = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true, NewLine = "\n" };

    /// <summary>Where Wine keeps machine-wide containers, and where it and Windows keep LocalMachine's stores.</summary>
    private static readonly string[] Stores =
    {
        @"SOFTWARE\Wine\Crypto\RSA",
        @"SOFTWARE\Wine\Crypto\DSS",
        @"SOFTWARE\Microsoft\SystemCertificates\MY\Certificates",
        @"SOFTWARE\Microsoft\SystemCertificates\CA\Certificates",
        @"SOFTWARE\Microsoft\SystemCertificates\ROOT\Certificates"
    };

    private const string TestsOwnKey = @"SOFTWARE\keydeploy-tests";

    private static DateTime now;
    private static bool watched;
    private static FileStream held;

    private static void Main(string[] arguments)
    {
        // What the node catches: for whoever looks into a failing test. Without the text, which may quote what it was given.
        AppDomain.CurrentDomain.FirstChanceException += (_, caught) => Console.Error.WriteLine(caught.Exception.GetType() + caught.Exception.StackTrace);
        Dictionary<string, string[]> atTheStart = new Dictionary<string, string[]>();
        if (arguments.Contains("wine"))
        {
            BeLikeWindows();
            atTheStart = Stores.ToDictionary(store => store, Names);
        }
        Output.WriteLine("ready");
        Serve("quit", atTheStart);
    }

    private static void Serve(string end, Dictionary<string, string[]> atTheStart)
    {
        for (string line = Input.ReadLine(); line != null && line != end; line = Input.ReadLine())
        {
            string[] words = line.Split(' ');
            switch (words[0])
            {
                case "ask":
                    string request = Encoding.UTF8.GetString(Convert.FromBase64String(words[1]));
                    string response = Node.Answer(request, "5.1.20348.1", "FullLanguage");
                    Output.WriteLine("answer " + Convert.ToBase64String(Encoding.UTF8.GetBytes(response)));
                    break;
                case "clock":
                    now = Epoch.AddTicks((long)(decimal.Parse(words[1], CultureInfo.InvariantCulture) * TimeSpan.TicksPerSecond));
                    Clock.UtcNow = () => now;
                    Clock.Sleep = span => Sleep(span, atTheStart);
                    Output.WriteLine("ok");
                    break;
                case "now":
                    Output.WriteLine("now " + Seconds());
                    break;
                case "watch":
                    watched = words[1] == "on";
                    Output.WriteLine("ok");
                    break;
                case "hold":
                    held = new FileStream(Encoding.UTF8.GetString(Convert.FromBase64String(words[1])), FileMode.Open, FileAccess.Read, FileShare.None);
                    Output.WriteLine("ok");
                    break;
                case "release":
                    held.Dispose();
                    Output.WriteLine("ok");
                    break;
                case "make":
                    Others.Make(Told(words[1]));
                    Output.WriteLine("ok");
                    break;
                case "link":
                    Others.Link(Told(words[1]));
                    Output.WriteLine("ok");
                    break;
                case "clean":
                    Clean(atTheStart);
                    Output.WriteLine("ok");
                    break;
            }
        }
    }

    private static Arguments Told(string word)
    {
        return new Arguments(Json.Parse(Encoding.UTF8.GetString(Convert.FromBase64String(word))));
    }

    private static void Sleep(TimeSpan span, Dictionary<string, string[]> atTheStart)
    {
        now += span;
        if (watched && span > TimeSpan.Zero)
        {
            watched = false;
            Output.WriteLine("waiting " + Seconds());
            Serve("go", atTheStart);
        }
    }

    private static string Seconds()
    {
        return ((Clock.UtcNow() - Epoch).Ticks / (decimal)TimeSpan.TicksPerSecond).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Makes up for what Wine and .NET do not have and Windows' .NET Framework has.</summary>
    private static void BeLikeWindows()
    {
        // Wine shows the account that made a folder where Windows shows the owner it was made with.
        string account = WindowsIdentity.GetCurrent().User.Value;
        Folder.Access = path => (Disk.Access(path) ?? "").Replace(account, "BA");
        // .NET knows the encodings of Windows only when it is told to.
        Type provider = Type.GetType("System.Text.CodePagesEncodingProvider, System.Text.Encoding.CodePages", true);
        object instance = provider.GetProperty("Instance").GetValue(null, null);
        typeof(Encoding).GetMethod("RegisterProvider").Invoke(null, new[] { instance });
        foreach (StoreName store in new[] { StoreName.My, StoreName.CertificateAuthority, StoreName.Root })
        {
            X509Store opened = new X509Store(store, StoreLocation.LocalMachine);
            opened.Open(OpenFlags.ReadWrite); // which lets Wine make it, and fill Root
            opened.Close();
        }
    }

    private static string[] Names(string store)
    {
        using (RegistryKey key = Registry.LocalMachine.OpenSubKey(store))
        {
            return key == null ? new string[0] : key.GetSubKeyNames();
        }
    }

    private static void Clean(Dictionary<string, string[]> atTheStart)
    {
        foreach (KeyValuePair<string, string[]> store in atTheStart)
        {
            foreach (string name in Names(store.Key).Except(store.Value))
            {
                Registry.LocalMachine.DeleteSubKeyTree(store.Key + "\\" + name);
            }
        }
        foreach (RegistryView view in new[] { RegistryView.Registry64, RegistryView.Registry32 })
        {
            using (RegistryKey machine = RegistryKey.OpenBaseKey(RegistryHive.LocalMachine, view))
            {
                machine.DeleteSubKeyTree(TestsOwnKey, false);
            }
        }
    }
}
