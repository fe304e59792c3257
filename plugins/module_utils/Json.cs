//AssemblyReference -Name System.Runtime.Serialization.dll -CLR Framework
//AssemblyReference -Name System.Xml.dll -CLR Framework
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Runtime.Serialization.Json;
using System.Text;
using System.Xml;

namespace Keydeploy
{
    /// <summary>JSON as Dictionary&lt;string, object&gt;, List&lt;object&gt;, string, long (ulong where it takes one), double, bool and null.</summary>
    public static class Json
    {
        private const int MaximalDepth = 64;

        /// <summary>Reads <paramref name="text"/>; what is no JSON is refused as a damaged request.</summary>
        public static object Parse(string text)
        {
            XmlDictionaryReaderQuotas quotas = new XmlDictionaryReaderQuotas { MaxDepth = MaximalDepth };
            quotas.MaxStringContentLength = quotas.MaxArrayLength = quotas.MaxBytesPerRead = int.MaxValue;
            quotas.MaxNameTableCharCount = int.MaxValue;
            try
            {
                using (XmlDictionaryReader reader = JsonReaderWriterFactory.CreateJsonReader(Encoding.UTF8.GetBytes(text), quotas))
                {
                    reader.MoveToContent();
                    object value = Value(reader);
                    reader.MoveToContent();
                    if (!reader.EOF)
                    {
                        throw Arguments.Wrong();
                    }
                    return value;
                }
            }
            catch (NodeError)
            {
                throw;
            }
            // The reader's own differ between the systems.
            catch (Exception)
            {
                throw Arguments.Wrong();
            }
        }

        /// <summary>Writes <paramref name="value"/> in ASCII alone, so that no console's encoding can damage it.</summary>
        public static string Write(object value)
        {
            StringBuilder text = new StringBuilder();
            Append(text, value);
            return text.ToString();
        }

        private static object Value(XmlReader reader)
        {
            switch (reader.GetAttribute("type"))
            {
                case "object":
                    Fields fields = new Fields();
                    Children(reader, name => fields[name] = Value(reader));
                    return fields;
                case "array":
                    List<object> items = new List<object>();
                    Children(reader, name => items.Add(Value(reader)));
                    return items;
                case "null":
                    reader.ReadElementContentAsString();
                    return null;
                case "boolean":
                    return reader.ReadElementContentAsString() == "true";
                case "number":
                    return Number(reader.ReadElementContentAsString());
                default:
                    return reader.ReadElementContentAsString();
            }
        }

        private static void Children(XmlReader reader, Action<string> read)
        {
            bool empty = reader.IsEmptyElement;
            reader.ReadStartElement();
            if (empty)
            {
                return;
            }
            while (reader.MoveToContent() == XmlNodeType.Element)
            {
                // "item" holds a key that is no name in XML.
                read(reader.GetAttribute("item") ?? reader.LocalName);
            }
            reader.ReadEndElement();
        }

        private static object Number(string text)
        {
            long whole;
            if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out whole))
            {
                return whole;
            }
            ulong large;
            if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out large))
            {
                return large;
            }
            return double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        }

        private static void Append(StringBuilder text, object value)
        {
            string written = value as string;
            IDictionary<string, object> fields = value as IDictionary<string, object>;
            System.Collections.IEnumerable items = value as System.Collections.IEnumerable;
            if (value == null)
            {
                text.Append("null");
            }
            else if (written != null)
            {
                AppendText(text, written);
            }
            else if (fields != null)
            {
                string separator = "{";
                foreach (KeyValuePair<string, object> field in fields)
                {
                    text.Append(separator);
                    AppendText(text, field.Key);
                    text.Append(": ");
                    Append(text, field.Value);
                    separator = ", ";
                }
                text.Append(fields.Count == 0 ? "{}" : "}");
            }
            else if (items != null)
            {
                string separator = "[";
                foreach (object item in items)
                {
                    text.Append(separator);
                    Append(text, item);
                    separator = ", ";
                }
                text.Append(separator == "[" ? "[]" : "]");
            }
            else if (value is bool)
            {
                text.Append((bool)value ? "true" : "false");
            }
            else if (value is double)
            {
                text.Append(((double)value).ToString("R", CultureInfo.InvariantCulture));
            }
            else
            {
                text.Append(Convert.ToString(value, CultureInfo.InvariantCulture));
            }
        }

        private static void AppendText(StringBuilder text, string value)
        {
            text.Append('"');
            foreach (char character in value)
            {
                if (character == '"' || character == '\\')
                {
                    text.Append('\\').Append(character);
                }
                else if (character < ' ' || character > '~')
                {
                    text.Append("\\u").Append(((int)character).ToString("x4"));
                }
                else
                {
                    text.Append(character);
                }
            }
            text.Append('"');
        }
    }
}
