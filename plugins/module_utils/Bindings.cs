//AssemblyReference -Name System.Xml.dll -CLR Framework
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Text.RegularExpressions;
using System.Xml;

namespace Keydeploy
{
    /// <summary>The HTTPS bindings of IIS' sites, with the certificates that http.sys uses for them.</summary>
    public static class Bindings
    {
        private const long Sni = 1, CentralStore = 2;

        private static readonly Regex Information = new Regex(@"^(\*|\[[^\]]*\]|[^:\[\]]*):(\d{1,5}):(.*)\z");

        public static object List(Arguments arguments)
        {
            List<object> bindings = new List<object>();
            foreach (Fields binding in Configured())
            {
                Fields record = ((long)binding["flags"] & CentralStore) != 0 ? null : new Binding(new Arguments(binding)).Endpoint.Query();
                binding["certificate"] = record == null ? null : new Fields { { "thumbprint", record["thumbprint"] }, { "store", Store(record) } };
                bindings.Add(binding);
            }
            return new Fields { { "bindings", bindings } };
        }

        public static Staging Stage(Arguments arguments)
        {
            Arguments before = arguments.OptionalObject("before");
            Arguments after = arguments.Object("after");
            Fields found = Configured().FirstOrDefault(one => IsAt(new Arguments(one), arguments));
            if (found == null)
            {
                throw new NodeError("changed", "IIS has no such binding, or no longer");
            }
            if (((long)found["flags"] & CentralStore) != 0)
            {
                throw new NodeError("unsupported", "the binding takes its certificate from the central certificate store");
            }
            if (!Regex.IsMatch(after.Text("thumbprint"), "^[0-9A-Fa-f]{40}\\z"))
            {
                throw Arguments.Wrong();
            }
            return new Staging
            {
                Change = new Binding(new Arguments(found)),
                IsAsObserved = shown =>
                {
                    Fields record = RecordOf(shown);
                    return record == null || before == null
                        ? shown != null && record == null && before == null
                        : Same((string)record["thumbprint"], before.Text("thumbprint")) && Same(Store(record), before.Text("store"));
                },
                After = shown =>
                {
                    Fields record = RecordOf(shown) ?? HttpService.RecordOfIis();
                    record["thumbprint"] = after.Text("thumbprint").ToUpperInvariant();
                    record["store"] = after.Text("store");
                    return ToKeep(record);
                }
            };
        }

        public static Change Of(Arguments target)
        {
            return new Binding(target);
        }

        /// <summary>Answers the HTTPS bindings in applicationHost.config.</summary>
        private static IEnumerable<Fields> Configured()
        {
            foreach (XmlElement binding in AppPools.Configuration().SelectNodes("//sites/site/bindings/binding[@protocol='https']"))
            {
                Match found = Information.Match(binding.GetAttribute("bindingInformation"));
                long flags;
                long.TryParse(binding.GetAttribute("sslFlags"), NumberStyles.None, CultureInfo.InvariantCulture, out flags);
                if (found.Success)
                {
                    string address = found.Groups[1].Value;
                    yield return new Fields
                    {
                        { "site", ((XmlElement)binding.ParentNode.ParentNode).GetAttribute("name") },
                        { "address", address.Length == 0 ? "*" : address },
                        { "port", long.Parse(found.Groups[2].Value, CultureInfo.InvariantCulture) },
                        { "host", found.Groups[3].Value },
                        { "flags", flags }
                    };
                }
            }
        }

        private static bool IsAt(Arguments binding, Arguments wanted)
        {
            return new[] { "site", "address", "host" }.All(field => Same(binding.Text(field).Trim('[', ']'), wanted.Text(field).Trim('[', ']'))) && binding.Whole("port") == wanted.Whole("port");
        }

        private static bool Same(string text, string other)
        {
            return string.Equals(text, other, StringComparison.OrdinalIgnoreCase);
        }

        private static string Store(Fields record)
        {
            return (string)record["store"] ?? "MY"; // as http.sys reads a record without one
        }

        private static byte[] ToKeep(Fields record)
        {
            return Kept.Of(new Fields { { "record", record } });
        }

        private static Fields RecordOf(byte[] kept)
        {
            return kept == null ? null : (Fields)Kept.Open(kept).Value("record");
        }

        /// <summary>A binding that IIS has; what is kept of it is its record at http.sys, if any.</summary>
        private sealed class Binding : Change
        {
            public readonly HttpService Endpoint;
            private readonly Arguments binding;

            public Binding(Arguments binding) : base("binding", binding, "site", "address", "port", "host", "flags")
            {
                this.binding = binding;
                bool bySni = (binding.Whole("flags") & Sni) != 0;
                IPAddress address = IPAddress.Any;
                if (!bySni && binding.Text("address") != "*" && !IPAddress.TryParse(binding.Text("address").Trim('[', ']'), out address))
                {
                    throw new NodeError("malformed", "the address of a binding is none");
                }
                Endpoint = new HttpService(address, (int)binding.Whole("port"), bySni ? binding.Text("host") : null);
            }

            public override string Place
            {
                get { return Endpoint.Name; }
            }

            public override byte[] Show()
            {
                bool isThere = Configured().Any(one => IsAt(new Arguments(one), binding) && one["flags"].Equals(binding.Value("flags")));
                return isThere ? ToKeep(Endpoint.Query()) : null;
            }

            /// <summary>Tells whether a crash on the way can have left what is shown: the record deleted, and no other in its place.</summary>
            public override bool IsBetween(byte[] shown, byte[] before, byte[] after)
            {
                return shown != null && RecordOf(shown) == null;
            }

            public override void Put(byte[] kept)
            {
                Endpoint.Put(RecordOf(kept));
            }
        }
    }
}
