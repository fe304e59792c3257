using System;
using System.Collections.Generic;
using System.Security.Principal;
using Microsoft.Win32;

namespace Keydeploy
{
    /// <summary>What the node is.</summary>
    public static class Machine
    {
        private const string Windows = @"SOFTWARE\Microsoft\Windows NT\CurrentVersion";
        private const string Framework = @"SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full";

        private const string Policies = @"SOFTWARE\Policies\Microsoft\Windows\PowerShell\";

        private static readonly string[][] Recording =
        {
            new[] { "ModuleLogging", "EnableModuleLogging", "module logging" },
            new[] { "Transcription", "EnableTranscripting", "transcription" }
        };

        public static object Read(string powershell, string languageMode)
        {
            object product = Value(Windows, "ProductName");
            object release = Value(Framework, "Release");
            Fields state = new Fields
            {
                { "os", product == null ? Environment.OSVersion.VersionString : product + ", build " + Value(Windows, "CurrentBuildNumber") },
                { "machine", Environment.MachineName },
                { "bits", IntPtr.Size * 8 },
                { "elevated", IsElevated() },
                { "dotnet", release as int? },
                { "powershell", powershell },
                { "language_mode", languageMode }
            };
            // Last, because it shall be true when the answer leaves.
            state["clock"] = Clock.Text(Clock.UtcNow());
            return state;
        }

        /// <summary>Refuses to work where PowerShell writes down what passes through it: requests and answers hold keys.</summary>
        public static void RequireUnrecorded()
        {
            foreach (string[] policy in Recording)
            {
                if (1.Equals(Value(Policies + policy[0], policy[1])))
                {
                    throw new NodeError("recorded", "PowerShell on the node writes down what passes through it (" + policy[2] + "); nothing was done");
                }
            }
        }

        /// <summary>Answers a value of the registry below HKLM, null where there is none.</summary>
        public static object Value(string key, string name)
        {
            using (RegistryKey machine = RegistryKey.OpenBaseKey(RegistryHive.LocalMachine, RegistryView.Registry64))
            using (RegistryKey found = machine.OpenSubKey(key))
            {
                return found == null ? null : found.GetValue(name);
            }
        }

        private static bool IsElevated()
        {
            using (WindowsIdentity account = WindowsIdentity.GetCurrent())
            {
                // Not of a token that UAC has filtered.
                return new WindowsPrincipal(account).IsInRole(WindowsBuiltInRole.Administrator);
            }
        }
    }
}
