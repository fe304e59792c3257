//AssemblyReference -Name System.Numerics.dll -CLR Framework
using System;
using System.Collections.Generic;
using System.Linq;
using System.Numerics;
using System.Security.Cryptography;

namespace Keydeploy
{
    /// <summary>RSA keys as the contract has them, and as CryptoAPI has them: blobs.</summary>
    public static class RsaKeys
    {
        public static object Numbers(byte[] modulus, byte[] exponent)
        {
            return new Fields { { "modulus", Number(modulus) }, { "exponent", Number(exponent) } };
        }

        /// <summary>Answers a public key as one text that can be compared.</summary>
        public static string Text(Arguments key)
        {
            return key == null ? null : Number(key.Bytes("modulus")) + " " + Number(key.Bytes("exponent"));
        }

        /// <summary>Answers a private key of a request as a blob, after it has proved to be one. Clear it after use.</summary>
        public static byte[] Blob(Arguments parts)
        {
            RSAParameters key = new RSAParameters
            {
                Modulus = parts.Bytes("modulus"),
                Exponent = parts.Bytes("exponent"),
                D = parts.Bytes("d"),
                P = parts.Bytes("p"),
                Q = parts.Bytes("q"),
                DP = parts.Bytes("dp"),
                DQ = parts.Bytes("dq"),
                InverseQ = parts.Bytes("inverse_q")
            };
            byte[][] halves = { key.P, key.Q, key.DP, key.DQ, key.InverseQ };
            int length = key.Modulus.Length;
            try
            {
                if (length > 0 && key.D.Length == length && halves.All(half => 2 * half.Length == length) && IsPower(key.D, key.P, key.DP) && IsPower(key.D, key.Q, key.DQ))
                {
                    using (RSACryptoServiceProvider held = new RSACryptoServiceProvider(new CspParameters { Flags = CspProviderFlags.UseMachineKeyStore }))
                    {
                        held.ImportParameters(key);
                        if (Proves(held, held.ExportCspBlob(false)))
                        {
                            return held.ExportCspBlob(true);
                        }
                    }
                }
            }
            catch (CryptographicException) // which says no more than what is said below
            {
            }
            finally
            {
                Journal.Clear(halves);
                Journal.Clear(key.D);
            }
            throw new NodeError("key", "the private key is damaged, or of a size that CryptoAPI does not take");
        }

        /// <summary>Tells by a signature whether <paramref name="key"/> is the private one of the blob of a public key.</summary>
        public static bool Proves(RSACryptoServiceProvider key, byte[] publicKey)
        {
            byte[] text = Guid.NewGuid().ToByteArray();
            using (RSACryptoServiceProvider other = new RSACryptoServiceProvider())
            {
                other.ImportCspBlob(publicKey);
                return other.VerifyData(text, "SHA1", key.SignData(text, "SHA1")); // every provider knows it, and it protects nothing here
            }
        }

        private static string Number(byte[] bytes)
        {
            return Convert.ToBase64String(bytes.SkipWhile(digit => digit == 0).ToArray());
        }

        /// <summary>Tells whether <paramref name="reduced"/> is <paramref name="d"/> modulo one less than a prime; signing uses the former alone.</summary>
        private static bool IsPower(byte[] d, byte[] prime, byte[] reduced)
        {
            BigInteger less = Value(prime) - 1;
            return less.Sign > 0 && Value(d) % less == Value(reduced);
        }

        private static BigInteger Value(byte[] digits)
        {
            return new BigInteger(digits.Reverse().Concat(new byte[1]).ToArray()); // which wants the last digit first, and no sign
        }
    }
}
