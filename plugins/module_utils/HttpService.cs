using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Keydeploy
{
    /// <summary>The certificates that http.sys uses: a record for each endpoint, which is an address and port, or a host's name and port (SNI).</summary>
    public sealed class HttpService
    {
        private const int ByAddress = 1, ByHost = 5; // HttpServiceConfigSSLCertInfo, HttpServiceConfigSslSniCertInfo
        private const uint Version = 1, Configuration = 2; // two words, 1 and 0; HTTP_INITIALIZE_CONFIG
        private const int FileNotFound = 2, InsufficientBuffer = 122, AddressLength = 28, StorageLength = 128;
        private const string Refused = "http.sys does not take the certificate: it is not in the store, or its key cannot be used";

        private static readonly int[] Unsupported = { 120, 1, 50, 87 }; // ERROR_CALL_NOT_IMPLEMENTED, _INVALID_FUNCTION, _NOT_SUPPORTED, _INVALID_PARAMETER

        private readonly IPAddress address;
        private readonly int port;
        private readonly string host;

        /// <summary>Names an endpoint; without a host's name it is not SNI.</summary>
        public HttpService(IPAddress address, int port, string host)
        {
            this.address = address;
            this.port = port;
            this.host = host;
        }

        public string Name
        {
            get { return (host ?? address.ToString()) + ":" + port; }
        }

        /// <summary>Answers a record without a certificate, as IIS makes one.</summary>
        public static Fields RecordOfIis()
        {
            return Described(new Parameters { Application = new Guid("4dc3e181-e14b-4a21-b022-59fc669b0914") });
        }

        /// <summary>Answers the record of the endpoint with all that Windows tells of it, null when there is none.</summary>
        public Fields Query()
        {
            return Do(memory =>
            {
                object query = host == null ? (object)new AddressQuery { Exact = 0, Address = Socket(memory), Token = 0 } : new HostQuery { Exact = 0, Key = Key(memory), Token = 0 };
                IntPtr input = memory.Of(query), output = IntPtr.Zero;
                int length, error = HttpQueryServiceConfiguration(IntPtr.Zero, Id, input, Marshal.SizeOf(query), output, 0, out length, IntPtr.Zero);
                if (error == FileNotFound)
                {
                    return null;
                }
                if (error == InsufficientBuffer)
                {
                    output = memory.Of(new byte[length]);
                    error = HttpQueryServiceConfiguration(IntPtr.Zero, Id, input, Marshal.SizeOf(query), output, length, out length, IntPtr.Zero);
                }
                NodeError.Require(error, "the certificate of the binding cannot be read");
                return Described(host == null
                    ? ((AddressRecord)Marshal.PtrToStructure(output, typeof(AddressRecord))).Parameters
                    : ((HostRecord)Marshal.PtrToStructure(output, typeof(HostRecord))).Parameters);
            });
        }

        /// <summary>Makes the record of the endpoint what is given, in one step where Windows knows how to (since 2017); null: no record.</summary>
        public void Put(Fields record)
        {
            Fields before = Query();
            if (record != null && before != null)
            {
                int error = Update(record);
                if (error == 0)
                {
                    return;
                }
                NodeError.Require(Array.IndexOf(Unsupported, error) < 0 ? error : 0, Refused);
            }
            if (before != null)
            {
                NodeError.Require(Call(HttpDeleteServiceConfiguration, before), "the certificate of the binding cannot be removed");
            }
            int refusal = record == null ? 0 : Call(HttpSetServiceConfiguration, record);
            if (refusal != 0 && before != null)
            {
                NodeError.Require(Call(HttpSetServiceConfiguration, before), "the certificate of the binding is gone and cannot be put back");
            }
            NodeError.Require(refusal, Refused);
        }

        private int Id
        {
            get { return host == null ? ByAddress : ByHost; }
        }

        private int Update(Fields record)
        {
            try
            {
                return Call(HttpUpdateServiceConfiguration, record);
            }
            catch (EntryPointNotFoundException)
            {
                return Unsupported[0];
            }
        }

        private int Call(Func<IntPtr, int, IntPtr, int, IntPtr, int> function, Fields record)
        {
            return Do(memory =>
            {
                Parameters parameters = Native(new Arguments(record), memory);
                object set = host == null
                    ? (object)new AddressRecord { Address = Socket(memory), Parameters = parameters }
                    : new HostRecord { Key = Key(memory), Parameters = parameters };
                return function(IntPtr.Zero, Id, memory.Of(set), Marshal.SizeOf(set), IntPtr.Zero);
            });
        }

        private static T Do<T>(Func<Memory, T> work)
        {
            NodeError.Require(HttpInitialize(Version, Configuration, IntPtr.Zero), "http.sys cannot be asked");
            try
            {
                using (Memory memory = new Memory())
                {
                    return work(memory);
                }
            }
            finally
            {
                HttpTerminate(Configuration, IntPtr.Zero);
            }
        }

        /// <summary>Answers a SOCKADDR_IN or SOCKADDR_IN6.</summary>
        private static byte[] Socket(IPAddress address, int port, int length)
        {
            byte[] socket = new byte[length];
            bool isVersion6 = address.AddressFamily == AddressFamily.InterNetworkV6;
            socket[0] = (byte)(isVersion6 ? 23 : 2); // as Windows counts families
            socket[2] = (byte)(port >> 8);
            socket[3] = (byte)port;
            address.GetAddressBytes().CopyTo(socket, isVersion6 ? 8 : 4);
            return socket;
        }

        private IntPtr Socket(Memory memory)
        {
            return memory.Of(Socket(address, port, AddressLength));
        }

        private HostKey Key(Memory memory)
        {
            ulong[] storage = new ulong[StorageLength / sizeof(ulong)];
            Buffer.BlockCopy(Socket(IPAddress.Any, port, StorageLength), 0, storage, 0, StorageLength);
            return new HostKey { Socket = storage, Host = memory.Of(host) };
        }

        private static Fields Described(Parameters parameters)
        {
            byte[] hash = new byte[parameters.HashLength];
            if (hash.Length > 0)
            {
                Marshal.Copy(parameters.Hash, hash, 0, hash.Length);
            }
            return new Fields
            {
                { "thumbprint", string.Concat(hash.Select(digit => digit.ToString("X2"))) },
                { "store", Marshal.PtrToStringUni(parameters.Store) },
                { "application", parameters.Application.ToString() },
                { "check_mode", (long)parameters.CheckMode },
                { "freshness_time", (long)parameters.FreshnessTime },
                { "retrieval_timeout", (long)parameters.RetrievalTimeout },
                { "list", Marshal.PtrToStringUni(parameters.TrustList) },
                { "list_store", Marshal.PtrToStringUni(parameters.TrustListStore) },
                { "flags", (long)parameters.Flags }
            };
        }

        private static Parameters Native(Arguments record, Memory memory)
        {
            string thumbprint = record.Text("thumbprint");
            byte[] hash = Enumerable.Range(0, thumbprint.Length / 2).Select(index => Convert.ToByte(thumbprint.Substring(2 * index, 2), 16)).ToArray();
            return new Parameters
            {
                HashLength = hash.Length,
                Hash = memory.Of(hash),
                Application = new Guid(record.Text("application")),
                Store = memory.Of(record.OptionalText("store")),
                CheckMode = (uint)record.Whole("check_mode"),
                FreshnessTime = (uint)record.Whole("freshness_time"),
                RetrievalTimeout = (uint)record.Whole("retrieval_timeout"),
                TrustList = memory.Of(record.OptionalText("list")),
                TrustListStore = memory.Of(record.OptionalText("list_store")),
                Flags = (uint)record.Whole("flags")
            };
        }

        /// <summary>Unmanaged memory that lasts as long as a call.</summary>
        private sealed class Memory : IDisposable
        {
            private readonly List<IntPtr> pieces = new List<IntPtr>();

            public IntPtr Of(byte[] content)
            {
                IntPtr piece = Allocate(content.Length);
                Marshal.Copy(content, 0, piece, content.Length);
                return piece;
            }

            public IntPtr Of(string text)
            {
                return text == null ? IntPtr.Zero : Of(System.Text.Encoding.Unicode.GetBytes(text + "\0"));
            }

            public IntPtr Of(object structure)
            {
                IntPtr piece = Allocate(Marshal.SizeOf(structure));
                Marshal.StructureToPtr(structure, piece, false);
                return piece;
            }

            public void Dispose()
            {
                pieces.ForEach(Marshal.FreeHGlobal);
            }

            private IntPtr Allocate(int length)
            {
                IntPtr piece = Marshal.AllocHGlobal(length);
                pieces.Add(piece);
                return piece;
            }
        }

        private struct Parameters // HTTP_SERVICE_CONFIG_SSL_PARAM
        {
            public int HashLength;
            public IntPtr Hash;
            public Guid Application;
            public IntPtr Store;
            public uint CheckMode, FreshnessTime, RetrievalTimeout;
            public IntPtr TrustList, TrustListStore;
            public uint Flags;
        }

        private struct AddressQuery // HTTP_SERVICE_CONFIG_SSL_QUERY
        {
            public int Exact;
            public IntPtr Address;
            public uint Token;
        }

        private struct AddressRecord // HTTP_SERVICE_CONFIG_SSL_SET
        {
            public IntPtr Address;
            public Parameters Parameters;
        }

        private struct HostKey // HTTP_SERVICE_CONFIG_SSL_SNI_KEY
        {
            [MarshalAs(UnmanagedType.ByValArray, SizeConst = StorageLength / sizeof(ulong))]
            public ulong[] Socket; // SOCKADDR_STORAGE, which is aligned as its longest number
            public IntPtr Host;
        }

        private struct HostQuery // HTTP_SERVICE_CONFIG_SSL_SNI_QUERY
        {
            public int Exact;
            public HostKey Key;
            public uint Token;
        }

        private struct HostRecord // HTTP_SERVICE_CONFIG_SSL_SNI_SET
        {
            public HostKey Key;
            public Parameters Parameters;
        }

        [DllImport("httpapi.dll")]
        private static extern int HttpInitialize(uint version, uint flags, IntPtr reserved);

        [DllImport("httpapi.dll")]
        private static extern int HttpTerminate(uint flags, IntPtr reserved);

        [DllImport("httpapi.dll")]
        private static extern int HttpQueryServiceConfiguration(
            IntPtr service, int id, IntPtr input, int inputLength, IntPtr output, int outputLength, out int length, IntPtr overlapped);

        [DllImport("httpapi.dll")]
        private static extern int HttpSetServiceConfiguration(IntPtr service, int id, IntPtr record, int length, IntPtr overlapped);

        [DllImport("httpapi.dll")]
        private static extern int HttpUpdateServiceConfiguration(IntPtr service, int id, IntPtr record, int length, IntPtr overlapped);

        [DllImport("httpapi.dll")]
        private static extern int HttpDeleteServiceConfiguration(IntPtr service, int id, IntPtr record, int length, IntPtr overlapped);
    }
}
