using System;
using System.Runtime.InteropServices;

namespace Keydeploy
{
    /// <summary>What the node refused or could not do: one of the contract's codes, a sentence of ours, and Windows' own number.</summary>
    /// <remarks>The sentence quotes nothing of a request and nothing of an exception.</remarks>
    public sealed class NodeError : Exception
    {
        public NodeError(string code, string message) : base(message)
        {
            Code = code;
        }

        public string Code { get; private set; }

        /// <summary>An HRESULT such as 0x80070020, or null.</summary>
        public string Result { get; private set; }

        /// <summary>Makes an error of Windows' code <paramref name="error"/>, a Win32 error or an HRESULT.</summary>
        public static NodeError Of(int error, string what)
        {
            int result = error > 0 && error < 0x10000 ? unchecked((int)0x80070000) | error : error;
            return new NodeError(CodeOf(result), what) { Result = Hexadecimal(result) };
        }

        /// <summary>Answers the error that an exception is, or one for what nobody expected; its text stays behind, because it may quote what it was given.</summary>
        public static NodeError Of(Exception exception)
        {
            return exception as NodeError ?? new NodeError("internal", "something happened on the node that keydeploy does not expect")
            {
                Result = Hexadecimal(exception.HResult)
            };
        }

        /// <summary>Raises an error of Windows' code unless it is 0.</summary>
        public static void Require(int error, string what)
        {
            if (error != 0)
            {
                throw Of(error, what);
            }
        }

        /// <summary>Raises the error of the last call to Windows unless that was done.</summary>
        public static void Require(bool done, string what)
        {
            Require(Last(done), what);
        }

        /// <summary>Answers Windows' code of the last call, 0 when it was done.</summary>
        public static int Last(bool done)
        {
            return done ? 0 : Marshal.GetLastWin32Error();
        }

        private static string Hexadecimal(int result)
        {
            return "0x" + result.ToString("X8");
        }

        private static string CodeOf(int result)
        {
            switch (unchecked((uint)result))
            {
                // ERROR_ACCESS_DENIED, ERROR_WRITE_PROTECT, ERROR_INVALID_OWNER, ERROR_PRIVILEGE_NOT_HELD, NTE_PERM.
                case 0x80070005:
                case 0x80070013:
                case 0x8007051B:
                case 0x80070522:
                case 0x80090010:
                    return "access_denied";
                // ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION, ERROR_UNABLE_TO_REMOVE_REPLACED, ERROR_UNABLE_TO_MOVE_REPLACEMENT, ERROR_UNABLE_TO_MOVE_REPLACEMENT_2, ERROR_USER_MAPPED_FILE.
                case 0x80070020:
                case 0x80070021:
                case 0x80070497:
                case 0x80070498:
                case 0x80070499:
                case 0x800704C8:
                    return "in_use";
                // ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL.
                case 0x80070027:
                case 0x80070070:
                    return "disk_full";
                // ERROR_PATH_NOT_FOUND, ERROR_INVALID_NAME, ERROR_BAD_PATHNAME, ERROR_FILENAME_EXCED_RANGE, ERROR_DIRECTORY.
                case 0x80070003:
                case 0x8007007B:
                case 0x800700A1:
                case 0x800700CE:
                case 0x8007010B:
                    return "path";
                // ERROR_NO_SUCH_LOGON_SESSION: http.sys finds no key for a certificate.
                case 0x80070520:
                    return "key";
            }
            // Facility SSPI: what CryptoAPI answers.
            return (result & 0x7FFF0000) == 0x00090000 ? "key" : "io";
        }
    }
}
