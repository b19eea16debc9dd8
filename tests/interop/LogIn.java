import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.Security;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509KeyManager;
import javax.net.ssl.X509TrustManager;

/** Logs in with one key of a token: LogIn CONFIG PIN ALIAS PORT VERSION HELLO; prints what the server answers, or the exception. */
class LogIn {
    public static void main(String[] args) throws Exception {
        Provider provider = Security.getProvider("SunPKCS11").configure(args[0]);
        Security.addProvider(provider);
        KeyStore keys = KeyStore.getInstance("PKCS11", provider);
        keys.load(null, args[1].toCharArray());
        KeyManagerFactory factory = KeyManagerFactory.getInstance("SunX509");
        factory.init(keys, null);
        KeyManager ours = new OneKey((X509KeyManager) factory.getKeyManagers()[0], args[2]);

        SSLContext context = SSLContext.getInstance("TLS");
        context.init(new KeyManager[] {ours}, new TrustManager[] {new Anybody()}, null);
        int port = Integer.parseInt(args[3]);
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port)) {
            socket.setEnabledProtocols(new String[] {"TLSv" + args[4]});
            socket.getOutputStream().write(Files.readAllBytes(Path.of(args[5])));
            System.out.println(new BufferedReader(new InputStreamReader(socket.getInputStream())).readLine());
        } catch (Exception failure) {
            System.out.println(failure);
        }
    }

    /** Java's own choice, as long as it is this key. */
    record OneKey(X509KeyManager all, String alias) implements X509KeyManager {
        public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
            for (String type : types) {
                String[] fitting = all.getClientAliases(type, issuers);
                if (fitting != null && Arrays.asList(fitting).contains(alias)) {
                    return alias;
                }
            }
            return null;
        }

        public String[] getClientAliases(String type, Principal[] issuers) {
            return all.getClientAliases(type, issuers);
        }

        public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
            return null;
        }

        public String[] getServerAliases(String type, Principal[] issuers) {
            return null;
        }

        public X509Certificate[] getCertificateChain(String name) {
            return all.getCertificateChain(name);
        }

        public PrivateKey getPrivateKey(String name) {
            return all.getPrivateKey(name);
        }
    }

    record Anybody() implements X509TrustManager {
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
