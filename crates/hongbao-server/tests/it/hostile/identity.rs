//! Who one claims to be, in a certificate, in a header, in an old session: it is the registered key that
//! counts, at the moment of the request.

use std::sync::Arc;

use hongbao_engine::directory::Validity;
use rcgen::string::BmpString;
use rcgen::{DnType, DnValue, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, HandshakeKind, RootCertStore, SupportedProtocolVersion};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Raw, SEND, assert_untouched, body_of, request};
use crate::rig::{BILL_NO, Identity, KEY, NOON, PATIENCE, Rig, codes, element, merchant_with, sample, signed, with};

const OTHER_MERCHANT: &str = "10000099";
const OTHER_KEY: &str = "8934e7d15453e97507ef794cf7b0519d";

fn assert_ca_error(name: &str, reply: &str) {
    let words = "CA证书出错,请登录微信支付商户平台下载证书";
    assert_eq!(codes(reply), ["SUCCESS", "FAIL", "CA_ERROR"], "{name}");
    assert_eq!((element(reply, "return_msg"), element(reply, "err_code_des")), (words, words), "{name}");
}

#[tokio::test]
async fn a_certificate_is_known_by_its_key_and_not_by_its_names() {
    let rig = Rig::start().await;
    let (registered, stranger) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let good = rig.authority.client_of(&registered, |_| ());
    rig.put_merchant(merchant_with(&[(&good, Validity::ALWAYS)])).await;

    let second_name = DnType::CustomDnType(vec![2, 5, 4, 3]);
    let names: [(&str, Vec<(DnType, DnValue)>); 5] = [
        ("the merchant's own number", vec![(DnType::CommonName, "10000098".into())]),
        ("another merchant's number", vec![(DnType::CommonName, OTHER_MERCHANT.into())]),
        ("both", vec![(DnType::CommonName, OTHER_MERCHANT.into()), (second_name, "10000098".into())]),
        ("NUL behind the number", vec![(DnType::CommonName, "10000098\0.example.com".into())]),
        ("UTF-16", vec![(DnType::CommonName, DnValue::BmpString(BmpString::try_from("10000098").unwrap()))]),
    ];
    let of = |key: &KeyPair, names: &[(DnType, DnValue)], alternative: &str| {
        rig.authority.client_of(key, |params| {
            params.distinguished_name = rcgen::DistinguishedName::new();
            for (kind, name) in names {
                params.distinguished_name.push(kind.clone(), name.clone());
            }
            params.subject_alt_names = vec![rcgen::SanType::DnsName(alternative.try_into().unwrap())];
        })
    };
    for (name, names) in &names {
        let forged = of(&stranger, names, "10000098");
        assert_ca_error(name, &rig.send_over_tls(Some(&forged)).await);
    }
    rig.assert_books(0).await;
    // The registered key may be certified anew, under any name and serial number.
    for (name, names) in &names {
        let renewed = of(&registered, names, OTHER_MERCHANT);
        assert_eq!(codes(&rig.send_over_tls(Some(&renewed)).await), ["SUCCESS"; 3], "{name}");
    }
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_registered_key_without_a_trusted_issuer_is_nobody() {
    let rig = Rig::start().await;
    let key = KeyPair::generate().unwrap();
    let issued = rig.authority.client_of(&key, |_| ());
    rig.put_merchant(merchant_with(&[(&issued, Validity::ALWAYS)])).await;
    let own = crate::rig::params("10000098", &[], (2014, 2015)).self_signed(&key).unwrap().pem();
    let own = Identity { certificate: own, key: key.serialize_pem() };
    assert_ca_error("issued by itself", &rig.send_over_tls(Some(&own)).await);
    let with_root = Identity { certificate: format!("{}{}", own.certificate, rig.authority.pem), key: own.key };
    assert_ca_error("with the root beside it", &rig.send_over_tls(Some(&with_root)).await);
    rig.assert_books(0).await;
    assert_eq!(codes(&rig.send_over_tls(Some(&issued)).await), ["SUCCESS"; 3]);
}

#[tokio::test]
async fn a_certificate_speaks_for_one_merchant_only() {
    let rig = Rig::start().await;
    let (mine, theirs) = (rig.authority.client((2014, 2015)), rig.authority.client((2014, 2015)));
    rig.put_merchant(merchant_with(&[(&mine, Validity::ALWAYS)])).await;
    let other = json!({ "keys": [{ "key": OTHER_KEY }], "certificates": [{ "pem": theirs.certificate }] });
    assert_eq!(rig.put(&format!("/admin/merchants/{OTHER_MERCHANT}"), &other).await.0, 204);
    let url = format!("https://{}{SEND}", rig.addresses.tls.unwrap());
    let send = async |identity: &Identity, body: String| {
        rig.tls_client(Some(identity)).post(&url).body(body).send().await.unwrap().text().await.unwrap()
    };
    let their_fields = with(&sample(), &[("mch_id", OTHER_MERCHANT)]);
    for (name, identity, body) in [
        ("their certificate, my call", &theirs, signed(KEY, &sample())),
        ("my certificate, their call", &mine, signed(OTHER_KEY, &their_fields)),
    ] {
        assert_ca_error(name, &send(identity, body).await);
    }
    let reply = send(&mine, signed(OTHER_KEY, &sample())).await;
    assert_eq!(codes(&reply), ["SUCCESS", "FAIL", "SIGN_ERROR"], "my certificate, their key");
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn headers_that_tell_of_a_certificate_are_not_believed() {
    let rig = Rig::start().await;
    let identity = rig.authority.client((2014, 2015));
    rig.put_merchant(merchant_with(&[(&identity, Validity::ALWAYS)])).await;
    let escaped = identity.certificate.replace('\n', "%0A").replace(' ', "%20");
    let fingerprint = "0".repeat(64);
    let url = format!("https://{}{SEND}", rig.addresses.tls.unwrap());
    let reply = rig
        .tls_client(None)
        .post(url)
        .header("X-SSL-Client-Verify", "SUCCESS")
        .header("X-SSL-Client-S-DN", "CN=10000098")
        .header("X-SSL-Client-Cert", &escaped)
        .header("X-Client-Cert", &escaped)
        .header("X-Forwarded-Client-Cert", format!("Hash={fingerprint};Cert=\"{escaped}\""))
        .header("SSL-Client-Cert", &escaped)
        .body(signed(KEY, &sample()))
        .send();
    assert_ca_error("headers", &reply.await.unwrap().text().await.unwrap());
    // Nor are those that tell of an address.
    let elsewhere = json!({ "keys": [{ "key": KEY }], "allowed_addresses": ["10.1.2.3"] });
    rig.put_merchant(elsewhere).await;
    let headers =
        "X-Forwarded-For: 10.1.2.3\r\nX-Real-IP: 10.1.2.3\r\nForwarded: for=10.1.2.3\r\nConnection: close\r\n";
    let reply = Raw::send(&rig, request(headers, &body_of(BILL_NO))).await.rest().await;
    assert!(reply.contains("NO_AUTH"), "{reply}");
    rig.put_merchant(json!({ "keys": [{ "key": KEY }], "allowed_addresses": [] })).await;
    assert_untouched(&rig).await;
}

/// A handshake with the TLS door, one call, and everything that came back; and whether the handshake was whole.
async fn call_over(rig: &Rig, config: &Arc<ClientConfig>) -> (Option<HandshakeKind>, String) {
    let stream = TcpStream::connect(rig.addresses.tls.unwrap()).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut stream = TlsConnector::from(config.clone()).connect(name, stream).await.unwrap();
    stream.write_all(request("Connection: close\r\n", &body_of(BILL_NO)).as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    (stream.get_ref().1.handshake_kind(), reply)
}

fn client_config(rig: &Rig, identity: &Identity, version: &'static SupportedProtocolVersion) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(rig.authority.pem.as_bytes()).unwrap()).unwrap();
    let chain = vec![CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    Arc::new(builder.with_root_certificates(roots).with_client_auth_cert(chain, key).unwrap())
}

#[tokio::test]
async fn a_resumed_session_does_not_outlive_a_withdrawn_certificate() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let rig = Rig::start().await;
        let identity = rig.authority.client((2014, 2015));
        rig.put_merchant(merchant_with(&[(&identity, Validity::ALWAYS)])).await;
        let config = client_config(&rig, &identity, version);
        let (kind, reply) = call_over(&rig, &config).await;
        assert_eq!(kind, Some(HandshakeKind::Full));
        assert!(reply.contains("<![CDATA[SUCCESS]]></result_code>"), "{reply}");
        let (kind, reply) = call_over(&rig, &config).await;
        assert_eq!(kind, Some(HandshakeKind::Resumed), "{version:?}");
        assert!(reply.contains("<![CDATA[SUCCESS]]></result_code>"), "it brings its certificate: {reply}");

        let over = Validity { until: Some(NOON), ..Validity::ALWAYS };
        rig.put_merchant(merchant_with(&[(&identity, over)])).await;
        let (kind, reply) = call_over(&rig, &config).await;
        assert_eq!(kind, Some(HandshakeKind::Resumed), "{version:?}");
        assert!(reply.contains("CA_ERROR"), "{reply}");
        rig.assert_books(1).await;
    }
}

#[tokio::test]
async fn a_connection_does_not_outlive_a_withdrawn_certificate() {
    let rig = Rig::start().await;
    let identity = rig.authority.client((2014, 2015));
    rig.put_merchant(merchant_with(&[(&identity, Validity::ALWAYS)])).await;
    let config = client_config(&rig, &identity, &rustls::version::TLS13);
    let stream = TcpStream::connect(rig.addresses.tls.unwrap()).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut stream = TlsConnector::from(config).connect(name, stream).await.unwrap();
    let mut call = async |headers: &str, bill_no: &str| {
        stream.write_all(request(headers, &body_of(bill_no)).as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"</xml>") {
            bytes.push(stream.read_u8().await.unwrap());
        }
        String::from_utf8(bytes).unwrap()
    };
    assert!(call("", "1").await.contains("<![CDATA[SUCCESS]]></result_code>"));
    let over = Validity { until: Some(NOON), ..Validity::ALWAYS };
    rig.put_merchant(merchant_with(&[(&identity, over)])).await;
    assert!(call("", "2").await.contains("CA_ERROR"));
    rig.assert_books(1).await;
}

/// The greeting of a client that knows TLS 1.0 (`[3, 1]`) or 1.1 (`[3, 2]`) and no more.
fn old_greeting(version: [u8; 2]) -> Vec<u8> {
    let suites = [0xC0, 0x13, 0xC0, 0x14, 0x00, 0x2F, 0x00, 0x35];
    let mut hello = version.to_vec();
    hello.extend([7; 32]);
    hello.push(0);
    hello.extend([0, 8]);
    hello.extend(suites);
    hello.extend([1, 0]);
    // Extensions: the groups and signatures that it would take, so that the version alone is at fault.
    let extensions = [0, 10, 0, 4, 0, 2, 0, 0x17, 0, 13, 0, 6, 0, 4, 4, 3, 4, 1];
    hello.extend([0, 18]);
    hello.extend(extensions);
    let length = u8::try_from(hello.len()).unwrap();
    let mut record = vec![0x16, 3, 1, 0, length + 4, 1, 0, 0, length];
    record.extend(hello);
    record
}

#[tokio::test]
async fn tls_before_1_2_is_refused() {
    let rig = Rig::start().await;
    for version in [[3, 1], [3, 2]] {
        let mut stream = TcpStream::connect(rig.addresses.tls.unwrap()).await.unwrap();
        stream.write_all(&old_greeting(version)).await.unwrap();
        let mut answer = Vec::new();
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
        // One fatal alert: protocol_version.
        assert_eq!((answer.first(), answer.len(), &answer[5..]), (Some(&0x15), 7, &[2, 70][..]), "{version:?}");
    }
    assert_untouched(&rig).await;
}
