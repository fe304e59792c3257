using System;
using System.Linq;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Xml;

/// <summary>Writes and reads a cookie as WIF's RSA cookie transforms do: encrypted to, and signed by, the certificate that web.config refers to.</summary>
/// <remarks>Arguments: the web.config, then `write TEXT` or `read COOKIE`. Exit code 1: there is no such certificate. 2: the cookie is refused.</remarks>
internal static class Cookies
{
    private static int Main(string[] arguments)
    {
        X509Certificate2 certificate = Find(arguments[0]);
        if (certificate == null)
        {
            Console.WriteLine("ID1024: no service certificate");
            return 1;
        }
        RSACryptoServiceProvider key = (RSACryptoServiceProvider)certificate.PrivateKey;
        try
        {
            Console.WriteLine(arguments[1] == "write" ? Write(key, arguments[2]) : Read(key, arguments[2]));
            return 0;
        }
        catch (CryptographicException)
        {
            Console.WriteLine("ID1073: a CryptographicException occurred when attempting to decrypt the cookie");
            return 2;
        }
    }

    private static string Write(RSACryptoServiceProvider key, string text)
    {
        byte[] encrypted = key.Encrypt(Encoding.UTF8.GetBytes(text), true);
        return Convert.ToBase64String(encrypted) + "." + Convert.ToBase64String(key.SignData(encrypted, "SHA256"));
    }

    private static string Read(RSACryptoServiceProvider key, string cookie)
    {
        byte[][] parts = cookie.Split('.').Select(Convert.FromBase64String).ToArray();
        if (!key.VerifyData(parts[0], "SHA256", parts[1]))
        {
            throw new CryptographicException();
        }
        return Encoding.UTF8.GetString(key.Decrypt(parts[0], true));
    }

    private static X509Certificate2 Find(string file)
    {
        XmlDocument configuration = new XmlDocument();
        configuration.Load(file);
        XmlElement reference = (XmlElement)configuration.SelectSingleNode("/configuration/system.identityModel.services/federationConfiguration/serviceCertificate/certificateReference");
        if (reference == null || reference.GetAttribute("x509FindType") != "FindByThumbprint")
        {
            return null;
        }
        X509Store store = new X509Store(reference.GetAttribute("storeName"), (StoreLocation)Enum.Parse(typeof(StoreLocation), reference.GetAttribute("storeLocation")));
        store.Open(OpenFlags.ReadOnly);
        return store.Certificates.Find(X509FindType.FindByThumbprint, reference.GetAttribute("findValue"), false).Cast<X509Certificate2>().FirstOrDefault();
    }
}
