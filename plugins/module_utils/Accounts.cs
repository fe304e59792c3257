using System;
using System.Collections.Generic;
using System.Security.Principal;

namespace Keydeploy
{
    /// <summary>Accounts by their names.</summary>
    public static class Accounts
    {
        /// <summary>Answers the security identifier of an account, null where there is none of this name; an identifier is its own answer.</summary>
        public static object Read(Arguments operation)
        {
            return new Fields { { "sid", Identifier(operation.Text("name")) } };
        }

        private static string Identifier(string name)
        {
            try
            {
                return name.StartsWith("S-1-", StringComparison.OrdinalIgnoreCase)
                    ? new SecurityIdentifier(name).Value
                    : new NTAccount(name).Translate(typeof(SecurityIdentifier)).Value;
            }
            catch (IdentityNotMappedException)
            {
                return null;
            }
            catch (ArgumentException)
            {
                throw Arguments.Wrong();
            }
            catch (SystemException exception) // of a domain that does not answer
            {
                throw NodeError.Of(exception.HResult, "the account cannot be looked up");
            }
        }
    }
}
