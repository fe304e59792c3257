using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using System.Xml;

/// <summary>Stands in for IIS' appcmd: says and does what the node asks it for, by applicationHost.config alone. All pools run.</summary>
/// <remarks>The first argument is the name of this program, which there is under the name of each verb.</remarks>
internal static class Appcmd
{
    private const int Done = 0, Missing = 50, Wrong = 87;

    private static readonly string Itself = typeof(Appcmd).Assembly.Location;
    private static readonly string Place = Path.Combine(Path.GetDirectoryName(Itself), @"config\applicationHost.config");
    private static readonly XmlDocument Configuration = new XmlDocument { PreserveWhitespace = true };

    private static int Main(string[] arguments)
    {
        string said = string.Join("\n", new[] { Path.GetFileNameWithoutExtension(Itself) }.Concat(arguments));
        Configuration.Load(Place);
        string[] words;
        if (IsSaid(said, "list apppool /xml", out words))
        {
            return List(Pools());
        }
        if (IsSaid(said, "list apppool /apppool.name:(.*) /xml", out words))
        {
            return List(Pools(words[0]));
        }
        if (IsSaid(said, "recycle apppool /apppool.name:(.*)", out words))
        {
            return Pools(words[0]).Any() ? Done : Missing;
        }
        if (IsSaid(said, @"set apppool /apppool.name:(.*?)((?: /processModel\.\w+:(?:true|false))+)", out words))
        {
            return Set(Pools(words[0]).FirstOrDefault(), Regex.Matches(words[1], @"\.(\w+):(\w+)"));
        }
        if (IsSaid(said, @"clear config /section:system\.applicationHost/applicationPools /\[name='(.*)'\]\.processModel\.(\w+) /commit:apphost", out words))
        {
            return Clear(Pools(words[0]).FirstOrDefault(), words[1]);
        }
        return Wrong;
    }

    /// <summary>Tells whether what is said, with an argument on each line, fits a pattern with a blank between them.</summary>
    private static bool IsSaid(string said, string pattern, out string[] words)
    {
        Match found = Regex.Match(said, "^" + pattern.Replace(' ', '\n') + @"\z");
        words = found.Groups.Cast<Group>().Skip(1).Select(group => group.Value).ToArray();
        return found.Success;
    }

    private static IEnumerable<XmlElement> Pools(string name = null)
    {
        return Configuration.SelectNodes("//applicationPools/add").Cast<XmlElement>()
            .Where(pool => name == null || string.Equals(pool.GetAttribute("name"), name, StringComparison.OrdinalIgnoreCase));
    }

    private static int List(IEnumerable<XmlElement> pools)
    {
        using (XmlWriter writer = XmlWriter.Create(Console.Out))
        {
            writer.WriteStartElement("appcmd");
            foreach (XmlElement pool in pools)
            {
                writer.WriteStartElement("APPPOOL");
                writer.WriteAttributeString("APPPOOL.NAME", pool.GetAttribute("name"));
                writer.WriteAttributeString("state", "Started");
                writer.WriteEndElement();
            }
        }
        return Done;
    }

    private static int Set(XmlElement pool, MatchCollection settings)
    {
        if (pool == null)
        {
            return Missing;
        }
        XmlNode model = pool.SelectSingleNode("processModel") ?? pool.AppendChild(Configuration.CreateElement("processModel"));
        foreach (Match setting in settings)
        {
            ((XmlElement)model).SetAttribute(setting.Groups[1].Value, setting.Groups[2].Value);
        }
        Configuration.Save(Place);
        return Done;
    }

    private static int Clear(XmlElement pool, string setting)
    {
        XmlNode model = pool == null ? null : pool.SelectSingleNode("processModel");
        if (model == null)
        {
            return Missing;
        }
        ((XmlElement)model).RemoveAttribute(setting);
        Configuration.Save(Place);
        return Done;
    }
}
