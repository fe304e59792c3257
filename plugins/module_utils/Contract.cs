using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;

namespace Keydeploy
{
    /// <summary>What a request looks like, so that all of it is checked before anything of it is done.</summary>
    /// <remarks>
    /// The same as schemas/node.schema.json: a field is NAME:TYPE, with ? where it may be null and * for a list. Alone it knows files;
    /// the other parts of the class Node add what they know.
    /// </remarks>
    internal static class Contract
    {
        public const long Version = 1;

        public static readonly Dictionary<string, string> Operations = new Dictionary<string, string>
        {
            { "system.read", "" },
            { "file.read", "at:location" },
            { "file.stage", "path:text tag:text? splices:splice*" },
            { "lock.acquire", "holder:text lease:seconds" },
            { "journal.read", "" },
            { "journal.begin", "" },
            { "journal.commit", "at:instant grace:seconds" },
            { "journal.confirm", "keep:whole expire:seconds" },
            { "journal.roll_back", "leave:flag" }
        };

        public static readonly Dictionary<string, string> Objects = new Dictionary<string, string>
        {
            { "request", "contract:whole id:text? run:run generation:whole? tag_key:bytes recorded:flag operations:operation*" },
            { "pointer", "file:location walk:step* attribute:text append:text?" },
            { "step", "element:text attribute:text? value:text?" },
            { "splice", "start:whole end:whole content:bytes" }
        };

        public static readonly Dictionary<string, Regex> Texts = new Dictionary<string, Regex>
        {
            { "text", new Regex("") },
            { "run", new Regex(@"^[A-Za-z0-9_-]{1,64}\z") },
            { "bytes", new Regex(@"^[A-Za-z0-9+/]*={0,2}\z") }
        };

        /// <summary>The error code of an operation that is not known.</summary>
        public static string Unknown = "unsupported";

        /// <summary>Refuses what is not a whole request of this version.</summary>
        public static Arguments Check(object request)
        {
            Arguments arguments = new Arguments(request);
            if (arguments.Whole("contract") != Version)
            {
                throw new NodeError("contract", "the request is of another version of the contract");
            }
            Check("request", request);
            return arguments;
        }

        private static void Check(string type, object value)
        {
            string bare = type.TrimEnd('?', '*');
            if (type.EndsWith("*"))
            {
                Arguments.As<List<object>>(value).ForEach(item => Check(bare, item));
            }
            else if (!(type.EndsWith("?") && value == null) && !Fits(bare, value))
            {
                throw Arguments.Wrong();
            }
        }

        private static bool Fits(string type, object value)
        {
            string text = value as string;
            if (Texts.ContainsKey(type))
            {
                return text != null && Texts[type].IsMatch(text) && (type != "bytes" || text.Length % 4 == 0);
            }
            switch (type)
            {
                case "whole":
                    return value is long;
                case "flag":
                    return value is bool;
                case "view":
                    return 64L.Equals(value) || 32L.Equals(value);
                case "instant":
                    return text != null && Clock.Parse(text).Kind == DateTimeKind.Utc;
                case "seconds":
                    return value is long ? (long)value >= 0 : value is double && (double)value >= 0 && (double)value <= double.MaxValue;
                case "data":
                    return text != null || value is long || value is ulong || Arguments.As<List<object>>(value).TrueForAll(item => item is string);
                case "location":
                    return text != null || HasFields(Objects["pointer"], value);
                case "operation":
                    string shape;
                    if (!Operations.TryGetValue(new Arguments(value).Text("do"), out shape))
                    {
                        throw new NodeError(Unknown, "this call does not know the operation");
                    }
                    return HasFields("do:text " + shape, value);
                default:
                    return HasFields(Objects[type], value);
            }
        }

        private static bool HasFields(string shape, object value)
        {
            string[][] fields = shape.Split(new[] { ' ' }, StringSplitOptions.RemoveEmptyEntries).Select(field => field.Split(':')).ToArray();
            Arguments given = new Arguments(value);
            given.Only(fields.Select(field => field[0]).ToArray());
            foreach (string[] field in fields)
            {
                Check(field[1], given.Value(field[0]));
            }
            return true;
        }
    }
}
