using System;
using System.Collections.Generic;

namespace Keydeploy
{
    /// <summary>The fields of one JSON object, with their types checked; what does not fit is refused and not quoted.</summary>
    public sealed class Arguments
    {
        private readonly Fields fields;

        public Arguments(object value)
        {
            fields = As<Fields>(value);
        }

        public static NodeError Wrong()
        {
            return new NodeError("request", "the request is cut or damaged");
        }

        public string Text(string name)
        {
            return As<string>(Value(name));
        }

        public string OptionalText(string name)
        {
            return Value(name) == null ? null : Text(name);
        }

        public long Whole(string name)
        {
            return As<long>(Value(name));
        }

        public long? OptionalWhole(string name)
        {
            return Value(name) == null ? (long?)null : Whole(name);
        }

        /// <summary>Answers a span of time that is not negative.</summary>
        public double Seconds(string name)
        {
            object value = Value(name);
            return value is long ? (long)value : As<double>(value);
        }

        public bool Flag(string name)
        {
            return As<bool>(Value(name));
        }

        public bool? OptionalFlag(string name)
        {
            return Value(name) == null ? (bool?)null : Flag(name);
        }

        public byte[] Bytes(string name)
        {
            try
            {
                return Convert.FromBase64String(Text(name));
            }
            catch (FormatException)
            {
                throw Wrong();
            }
        }

        public object Value(string name)
        {
            object value;
            if (!fields.TryGetValue(name, out value))
            {
                throw Wrong();
            }
            return value;
        }

        public Arguments Object(string name)
        {
            return new Arguments(Value(name));
        }

        public Arguments OptionalObject(string name)
        {
            return Value(name) == null ? null : Object(name);
        }

        public List<object> List(string name)
        {
            return As<List<object>>(Value(name));
        }

        /// <summary>Refuses an object that has not exactly these keys.</summary>
        public void Only(params string[] names)
        {
            foreach (string name in names)
            {
                Value(name);
            }
            if (fields.Count != names.Length)
            {
                throw Wrong();
            }
        }

        /// <summary>Answers a value of a type that it must have.</summary>
        public static T As<T>(object value)
        {
            if (!(value is T))
            {
                throw Wrong();
            }
            return (T)value;
        }
    }
}
