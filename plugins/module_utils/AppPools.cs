//AssemblyReference -Name System.Xml.dll -CLR Framework
using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml;

namespace Keydeploy
{
    /// <summary>App pools of IIS: settings as applicationHost.config has them; state and changes by appcmd.</summary>
    public static class AppPools
    {
        private const string Folder = @"%windir%\System32\inetsrv\";
        private const string Schema = @"config\schema\IIS_schema.xml";
        private const int Patience = 30000; // milliseconds

        private static readonly Dictionary<string, string> Words = new Dictionary<string, string>
        {
            { "load_user_profile", "loadUserProfile" },
            { "set_profile_environment", "setProfileEnvironment" }
        };

        public static object List(Arguments arguments)
        {
            XmlDocument configuration = Configuration();
            XmlDocument schema = Load(Schema);
            string list;
            Run(out list, "list", "apppool", "/xml"); // where it fails, nothing is known of the states
            Dictionary<string, string> states = States(list);
            List<object> pools = new List<object>();
            foreach (XmlElement pool in Elements(configuration))
            {
                string name = pool.GetAttribute("name");
                string identity = Setting(pool, schema, "identityType") ?? "ApplicationPoolIdentity";
                pools.Add(new Fields
                {
                    { "name", name },
                    { "state", states.ContainsKey(name) ? states[name] : null },
                    { "identity", identity },
                    { "user", Setting(pool, schema, "userName") },
                    { "settings", Words.ToDictionary(word => word.Key, word => Flag(Setting(pool, schema, word.Value))) }
                });
            }
            return new Fields { { "app_pools", pools } };
        }

        public static Staging Stage(Arguments arguments)
        {
            Pool pool = new Pool(arguments);
            Arguments after = arguments.Object("after");
            Arguments before = arguments.Object("before");
            Appcmd();
            return new Staging
            {
                Change = pool,
                IsAsObserved = shown => shown != null && Words.Keys.All(word => Equals(Kept.Open(shown).Object("in_force").Value(word), before.Value(word))),
                After = shown =>
                {
                    Arguments now = Kept.Open(shown);
                    foreach (string word in Words.Keys.Where(word => after.Value(word) != null && !Equals(now.Object("in_force").Value(word), after.Value(word))))
                    {
                        ((Fields)now.Value("in_force"))[word] = after.Value(word);
                        ((Fields)now.Value("own"))[word] = after.Value(word);
                    }
                    return Kept.Of(new Fields { { "in_force", now.Value("in_force") }, { "own", now.Value("own") } });
                }
            };
        }

        public static Staging Recycle(Arguments arguments)
        {
            Pool pool = new Pool(arguments);
            Appcmd();
            return new Staging
            {
                Change = new Recycling(arguments),
                IsAsObserved = shown => pool.Show() != null,
                Before = shown => null,
                After = shown => null
            };
        }

        public static Change Of(Arguments target)
        {
            return new Pool(target);
        }

        public static Change OfRecycling(Arguments target)
        {
            return new Recycling(target);
        }

        /// <summary>Answers applicationHost.config.</summary>
        public static XmlDocument Configuration()
        {
            XmlDocument configuration = Load(@"config\applicationHost.config");
            if (configuration == null)
            {
                throw new NodeError("no_iis", "IIS is not installed on this node: there is no applicationHost.config");
            }
            return configuration;
        }

        private static XmlDocument Load(string file)
        {
            byte[] content = Disk.Read(Disk.Expand(Folder + file));
            XmlDocument document = content == null ? null : Files.Parse(content);
            if (document == null && content != null)
            {
                throw new NodeError("malformed", "a configuration file of IIS is not well-formed");
            }
            return document;
        }

        private static IEnumerable<XmlElement> Elements(XmlDocument configuration)
        {
            return configuration.SelectNodes("//applicationPools/add[@name]").Cast<XmlElement>();
        }

        /// <summary>Answers a setting that is in force: the pool's own, that of all pools, or the one that IIS comes with.</summary>
        private static string Setting(XmlElement pool, XmlDocument schema, string name)
        {
            const string Section = "//sectionSchema[@name='system.applicationHost/applicationPools']/collection/element[@name='processModel']";
            string here = "processModel/@" + name;
            XmlNode found = pool.SelectSingleNode(here) ?? pool.SelectSingleNode("../applicationPoolDefaults/" + here);
            found = found ?? (schema == null ? null : schema.SelectSingleNode(Section + "/attribute[@name='" + name + "']/@defaultValue"));
            return found == null || found.Value.Length == 0 ? null : found.Value;
        }

        private static object Flag(string text)
        {
            bool value;
            return bool.TryParse(text, out value) ? (object)value : null;
        }

        /// <summary>Answers the state of each pool that is started or stopped, and of which appcmd tells it.</summary>
        private static Dictionary<string, string> States(string list)
        {
            Dictionary<string, string> states = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            XmlDocument document = new XmlDocument { XmlResolver = null };
            try
            {
                document.LoadXml(list); // whatever encoding it says that it has
            }
            catch (XmlException)
            {
                return states;
            }
            foreach (XmlElement pool in document.SelectNodes("//APPPOOL[@state='Started' or @state='Stopped']"))
            {
                states[pool.GetAttribute("APPPOOL.NAME")] = pool.GetAttribute("state").ToLowerInvariant();
            }
            return states;
        }

        private static string Appcmd()
        {
            string program = Disk.Expand(Folder + "appcmd.exe");
            if (Disk.Attributes(program) == null)
            {
                throw new NodeError("no_iis", "IIS is not installed on this node: there is no appcmd.exe");
            }
            return program;
        }

        private static string Do(string what, params string[] arguments)
        {
            string output;
            NodeError.Require(Run(out output, arguments), what);
            return output;
        }

        /// <summary>Runs appcmd and answers its exit code, which is Windows' error, or 0.</summary>
        private static int Run(out string output, params string[] arguments)
        {
            ProcessStartInfo start = new ProcessStartInfo(Appcmd(), string.Join(" ", arguments.Select(Quoted)))
            {
                WorkingDirectory = Disk.Expand(Folder),
                UseShellExecute = false,
                CreateNoWindow = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true
            };
            StringBuilder text = new StringBuilder();
            using (Process process = Started(start))
            {
                process.OutputDataReceived += (sender, line) => text.AppendLine(line.Data);
                process.BeginOutputReadLine();
                process.BeginErrorReadLine();
                if (!process.WaitForExit(Patience))
                {
                    process.Kill();
                    throw new NodeError("io", "appcmd did not end within 30 seconds");
                }
                process.WaitForExit(); // for the rest of the output
                output = text.ToString();
                return process.ExitCode;
            }
        }

        private static Process Started(ProcessStartInfo start)
        {
            try
            {
                return Process.Start(start);
            }
            catch (Win32Exception exception)
            {
                throw NodeError.Of(exception.NativeErrorCode, "appcmd cannot be started");
            }
        }

        /// <summary>Quotes an argument as programs of Windows read it: backslashes count twice before a quotation mark, and once elsewhere.</summary>
        private static string Quoted(string argument)
        {
            return "\"" + Regex.Replace(Regex.Replace(argument, "(\\\\*)\"", "$1$1\\\""), @"(\\+)\z", "$1$1") + "\"";
        }

        private sealed class Pool : Change
        {
            private readonly string name;

            public Pool(Arguments arguments) : base("app_pool", arguments, "name")
            {
                name = arguments.Text("name");
            }

            /// <summary>Answers what is in force, and what stands at the pool itself, so that it can be taken away again.</summary>
            public override byte[] Show()
            {
                XmlElement pool = Elements(Configuration()).FirstOrDefault(one => string.Equals(one.GetAttribute("name"), name, StringComparison.OrdinalIgnoreCase));
                XmlDocument schema = Load(Schema);
                return pool == null ? null : Kept.Of(new Fields
                {
                    { "in_force", Words.ToDictionary(word => word.Key, word => Flag(Setting(pool, schema, word.Value))) },
                    { "own", Words.ToDictionary(word => word.Key, word => Flag(((XmlElement)pool.SelectSingleNode("processModel") ?? pool).GetAttribute(word.Value))) }
                });
            }

            public override bool Same(byte[] shown, byte[] kept)
            {
                return IsBetween(shown, kept, kept);
            }

            public override bool IsBetween(byte[] shown, byte[] before, byte[] after)
            {
                return shown != null && before != null && after != null && Words.Keys.All(word => new[] { before, after }
                    .Any(one => Equals(Kept.Open(shown).Object("in_force").Value(word), Kept.Open(one).Object("in_force").Value(word))));
            }

            public override void Put(byte[] kept)
            {
                Arguments now = Kept.Open(Show()), then = Kept.Open(kept);
                if (now == null)
                {
                    throw new NodeError("changed", "the app pool has gone");
                }
                List<string> set = new List<string> { "set", "apppool", "/apppool.name:" + name };
                foreach (KeyValuePair<string, string> word in Words)
                {
                    bool? value = then.Object("own").OptionalFlag(word.Key), old = now.Object("own").OptionalFlag(word.Key);
                    if (value == null && name.Contains('\'')) // which the word for one pool cannot hold
                    {
                        value = then.Object("in_force").OptionalFlag(word.Key) ?? old;
                    }
                    if (value == null && old != null)
                    {
                        Do("the app pool cannot be changed", "clear", "config", "/section:system.applicationHost/applicationPools",
                            "/[name='" + name + "'].processModel." + word.Value, "/commit:apphost");
                    }
                    else if (value != old)
                    {
                        set.Add("/processModel." + word.Value + ":" + (value.Value ? "true" : "false"));
                    }
                }
                if (set.Count > 3)
                {
                    Do("the app pool cannot be changed", set.ToArray());
                }
            }
        }

        private sealed class Recycling : Change
        {
            private readonly string name;

            public Recycling(Arguments arguments) : base("recycle", arguments, "name")
            {
                name = arguments.Text("name");
            }

            public override bool IsEffect
            {
                get { return true; }
            }

            public override byte[] Show()
            {
                return null;
            }

            public override void Put(byte[] kept)
            {
                string pool = "/apppool.name:" + name;
                if (States(Do("the state of the app pool cannot be read", "list", "apppool", pool, "/xml")).ContainsValue("started"))
                {
                    Do("the app pool cannot be recycled", "recycle", "apppool", pool);
                }
            }
        }
    }
}
