using System;

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

        /// <summary>Makes an error of an exception that nobody expected; its text stays behind, because it may quote what it was given.</summary>
        public static NodeError Unexpected(Exception exception)
        {
            return new NodeError("internal", "something happened on the node that keydeploy does not expect")
            {
                Result = Hexadecimal(exception.HResult)
            };
        }

        private static string Hexadecimal(int result)
        {
            return "0x" + result.ToString("X8");
        }

        private static string CodeOf(int result)
        {
            switch (unchecked((uint)result))
            {
                case 0x80070005: // ERROR_ACCESS_DENIED
                case 0x80070013: // ERROR_WRITE_PROTECT
                case 0x8007051B: // ERROR_INVALID_OWNER
                case 0x80070522: // ERROR_PRIVILEGE_NOT_HELD
                case 0x80090010: // NTE_PERM
                    return "access_denied";
                case 0x80070020: // ERROR_SHARING_VIOLATION
                case 0x80070021: // ERROR_LOCK_VIOLATION
                case 0x80070497: // ERROR_UNABLE_TO_REMOVE_REPLACED
                case 0x80070498: // ERROR_UNABLE_TO_MOVE_REPLACEMENT
                case 0x80070499: // ERROR_UNABLE_TO_MOVE_REPLACEMENT_2
                case 0x800704C8: // ERROR_USER_MAPPED_FILE
                    return "in_use";
                case 0x80070027: // ERROR_HANDLE_DISK_FULL
                case 0x80070070: // ERROR_DISK_FULL
                    return "disk_full";
                case 0x80070003: // ERROR_PATH_NOT_FOUND
                case 0x8007007B: // ERROR_INVALID_NAME
                case 0x800700A1: // ERROR_BAD_PATHNAME
                case 0x800700CE: // ERROR_FILENAME_EXCED_RANGE
                case 0x8007010B: // ERROR_DIRECTORY
                    return "path";
                case 0x80070520: // ERROR_NO_SUCH_LOGON_SESSION: http.sys finds no key for a certificate
                    return "key";
            }
            return (result & 0x7FFF0000) == 0x00090000 ? "key" : "io"; // facility SSPI: what CryptoAPI answers
        }
    }
}
