using System;
using System.Configuration;
using System.IO;
using System.Security.Cryptography;
using System.Security.Cryptography.Xml;
using System.Text;
using System.Web.Configuration;
using System.Xml;

/// <summary>Reads and writes protected sections with Mono's own configuration system, which knows nothing of keydeploy.</summary>
public static class Sections
{
    private const string Aes256 = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";

    public static int Main(string[] arguments)
    {
        // .NET has this entry; Mono 6.8 lacks it.
        CryptoConfig.AddAlgorithm(typeof(AesCryptoServiceProvider), Aes256);
        Console.OutputEncoding = new UTF8Encoding(false);
        string input = new StreamReader(Console.OpenStandardInput(), Encoding.UTF8).ReadToEnd();
        switch (arguments[0])
        {
            case "import":
                Import(arguments[1], input);
                return 0;
            case "read":
                Read();
                return 0;
            case "encrypt":
                Console.Write(Encrypt(arguments[1], arguments[2], arguments[3], input));
                return 0;
            case "provider":
                Console.Write(ByProvider(arguments[1], input));
                return 0;
            default:
                return 2;
        }
    }

    private static void Import(string container, string key)
    {
        using (RSACryptoServiceProvider rsa = Open(container))
        {
            rsa.FromXmlString(key);
            rsa.PersistKeyInCsp = true; // Mono writes what it holds at this moment.
        }
    }

    private static RSACryptoServiceProvider Open(string container)
    {
        return new RSACryptoServiceProvider(2048, new CspParameters { KeyContainerName = container, ProviderType = 1 });
    }

    /// <summary>Says what the sections of the program's own configuration file hold, read through the providers of that file.</summary>
    private static void Read()
    {
        foreach (ConnectionStringSettings each in ConfigurationManager.ConnectionStrings)
        {
            Say("connectionStrings", each.Name, each.ConnectionString);
        }

        foreach (string key in ConfigurationManager.AppSettings)
        {
            Say("appSettings", key, ConfigurationManager.AppSettings[key]);
        }

        MachineKeySection machineKey = (MachineKeySection)ConfigurationManager.GetSection("system.web/machineKey");
        Say("system.web/machineKey", "validationKey", machineKey.ValidationKey);
        Say("system.web/machineKey", "decryptionKey", machineKey.DecryptionKey);
    }

    private static void Say(string section, string name, string value)
    {
        Console.WriteLine("{0}\t{1}\t{2}", section, name, Convert.ToBase64String(Encoding.UTF8.GetBytes(value)));
    }

    /// <summary>Encrypts as RsaProtectedConfigurationProvider of .NET Framework 4.8 does.</summary>
    private static string Encrypt(string container, string cipher, string keyWrap, string section)
    {
        XmlDocument document = new XmlDocument { PreserveWhitespace = true };
        document.LoadXml(section);
        using (RSACryptoServiceProvider rsa = Open(container))
        using (SymmetricAlgorithm symmetric = cipher == "aes256" ? (SymmetricAlgorithm)new AesCryptoServiceProvider() : new TripleDESCryptoServiceProvider())
        {
            bool oaep = keyWrap == "oaep";
            EncryptedKey key = new EncryptedKey();
            key.EncryptionMethod = new EncryptionMethod(oaep ? EncryptedXml.XmlEncRSAOAEPUrl : EncryptedXml.XmlEncRSA15Url);
            key.CipherData = new CipherData(EncryptedXml.EncryptKey(symmetric.Key, rsa, oaep));
            key.KeyInfo.AddClause(new KeyInfoName { Value = "Rsa Key" });
            EncryptedData data = new EncryptedData { Type = EncryptedXml.XmlEncElementUrl };
            data.EncryptionMethod = new EncryptionMethod(cipher == "aes256" ? Aes256 : EncryptedXml.XmlEncTripleDESUrl);
            data.KeyInfo = new KeyInfo();
            data.KeyInfo.AddClause(new KeyInfoEncryptedKey(key));
            data.CipherData = new CipherData(new EncryptedXml(document).EncryptData(document.DocumentElement, symmetric, false));
            return data.GetXml().OuterXml;
        }
    }

    private static string ByProvider(string container, string section)
    {
        XmlDocument document = new XmlDocument { PreserveWhitespace = true };
        document.LoadXml(section);
        RsaProtectedConfigurationProvider provider = new RsaProtectedConfigurationProvider();
        provider.Initialize("rsa", new System.Collections.Specialized.NameValueCollection { { "keyContainerName", container }, { "useMachineContainer", "false" } });
        return provider.Encrypt(document.DocumentElement).OuterXml;
    }
}
