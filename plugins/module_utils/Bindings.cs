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
            foreach (Dictionary<string, object> binding in Configured())
            {
                bool isCentral = ((long)binding["flags"] & CentralStore) != 0;
                Arguments record = isCentral ? null : Kept.Open(new Place(new Arguments(binding)).Show());
                binding["certificate"] = record == null ? null : new Dictionary<string, object>
                {
                    { "thumbprint", record.Text("thumbprint") }, { "store", Store(record) }
                };
                bindings.Add(binding);
            }
            return new Dictionary<string, object> { { "bindings", bindings } };
        }

        public static Staging Stage(Arguments arguments)
        {
            Arguments before = arguments.OptionalObject("before");
            Arguments after = arguments.Object("after");
            Dictionary<string, object> binding = Configured().FirstOrDefault(one => IsOf(new Arguments(one), arguments));
            if (binding == null)
            {
                throw new NodeError("changed", "IIS has no such binding, or no longer");
            }
            if (((long)binding["flags"] & CentralStore) != 0)
            {
                throw new NodeError("unsupported", "the binding takes its certificate from the central certificate store");
            }
            if (!Regex.IsMatch(after.Text("thumbprint"), "^[0-9A-Fa-f]{40}\\z"))
            {
                throw Arguments.Wrong();
            }
            return new Staging
            {
                Change = new Place(new Arguments(binding)),
                IsAsObserved = shown => before == null || shown == null
                    ? before == null && shown == null
                    : Has(Kept.Open(shown), before.Text("thumbprint"), before.Text("store")),
                Before = shown => shown,
                After = delegate(byte[] shown)
                {
                    Dictionary<string, object> record = shown == null ? HttpService.RecordOfIis() : Kept.Read(shown);
                    record["thumbprint"] = after.Text("thumbprint").ToUpperInvariant();
                    record["store"] = after.Text("store");
                    return Kept.Of(record);
                }
            };
        }

        public static Change Of(Arguments target)
        {
            return new Place(target);
        }

        /// <summary>Answers the HTTPS bindings in applicationHost.config.</summary>
        private static IEnumerable<Dictionary<string, object>> Configured()
        {
            foreach (XmlElement binding in AppPools.Configuration().SelectNodes("//sites/site/bindings/binding[@protocol='https']"))
            {
                Match found = Information.Match(binding.GetAttribute("bindingInformation"));
                long flags;
                long.TryParse(binding.GetAttribute("sslFlags"), NumberStyles.None, CultureInfo.InvariantCulture, out flags);
                if (found.Success)
                {
                    string address = found.Groups[1].Value.Trim('[', ']');
                    yield return new Dictionary<string, object>
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

        private static bool IsOf(Arguments binding, Arguments wanted)
        {
            return new[] { "site", "address", "host" }.All(field => Same(binding.Text(field), wanted.Text(field).Trim('[', ']')))
                && binding.Whole("port") == wanted.Whole("port");
        }

        private static string Store(Arguments record)
        {
            return record.OptionalText("store") ?? "MY"; // as http.sys reads a record without one
        }

        private static bool Has(Arguments record, string thumbprint, string store)
        {
            return Same(record.Text("thumbprint"), thumbprint) && Same(Store(record), store);
        }

        private static bool Same(string text, string other)
        {
            return string.Equals(text, other, StringComparison.OrdinalIgnoreCase);
        }

        /// <summary>A binding, by all that finds its record at http.sys again.</summary>
        private sealed class Place : Change
        {
            private readonly Dictionary<string, object> target = new Dictionary<string, object>();
            private readonly HttpService endpoint;

            public Place(Arguments binding)
            {
                foreach (string field in new[] { "site", "address", "port", "host", "flags" })
                {
                    target[field] = binding.Value(field);
                }
                bool bySni = (binding.Whole("flags") & Sni) != 0;
                IPAddress address = IPAddress.Any;
                if (!bySni && binding.Text("address") != "*" && !IPAddress.TryParse(binding.Text("address"), out address))
                {
                    throw new NodeError("malformed", "the address of the binding is none");
                }
                endpoint = new HttpService(address, (int)binding.Whole("port"), bySni ? binding.Text("host") : null);
            }

            public override string Noun
            {
                get { return "binding"; }
            }

            public override Dictionary<string, object> Target
            {
                get { return target; }
            }

            public override byte[] Show()
            {
                return Kept.Of(endpoint.Query());
            }

            /// <summary>Tells whether a crash on the way can have left what is shown: the record deleted, and no other in its place.</summary>
            public bool IsBetween(byte[] shown, byte[] before, byte[] after)
            {
                return shown == null;
            }

            public override void Put(byte[] kept)
            {
                endpoint.Put(Kept.Open(kept));
            }
        }
    }
}
