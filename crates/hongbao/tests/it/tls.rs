//! Who is spoken to, and who speaks: certificates on both sides.

use std::sync::Arc;

use hongbao::{Certainty, Error, Identity, NextStep, SentRedPack};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use crate::fixtures::{PACKET, SENT, assert_error_keeps_secrets, builder, packet};
use crate::mock::{Mock, Plan};

/// An authority, and its certificate.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Authority { issuer: Issuer::new(params, key), certificate }
    }

    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    /// A platform by this name that speaks to nobody without a certificate of this authority.
    async fn platform(&self, name: &str) -> Mock {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).unwrap();
        let clients = WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
        let (certificate, key) = self.issue(name);
        let config = ServerConfig::builder()
            .with_client_cert_verifier(clients)
            .with_single_cert(vec![certificate.der().clone()], key.into())
            .unwrap();
        Mock::start_tls([Plan::Reply(SENT.to_owned())], TlsAcceptor::from(Arc::new(config))).await
    }
}

/// Sends with a certificate of the one authority, trusting the other.
async fn send(mock: &Mock, identity: Option<&Authority>, trusted: &Authority) -> Result<SentRedPack, Error> {
    let mut builder = builder(mock.url()).root_ca_pem(&trusted.certificate.pem());
    if let Some(authority) = identity {
        let (certificate, key) = authority.issue("10000098");
        builder = builder.identity_pem(&certificate.pem(), &key.serialize_pem());
    }
    builder.build().unwrap().sendredpack(&packet()).await
}

#[tokio::test]
async fn with_its_certificate_a_merchant_is_served() {
    let authority = Authority::new();
    let mock = authority.platform("127.0.0.1").await;
    let sent = send(&mock, Some(&authority), &authority).await.unwrap();
    assert_eq!(sent.packet.as_str(), PACKET);
}

#[tokio::test]
async fn a_p12_is_as_good_as_a_pem_pair() {
    let authority = Authority::new();
    let mock = authority.platform("127.0.0.1").await;
    let (certificate, key) = authority.issue("10000098");
    let file = Identity::from_pem(&certificate.pem(), &key.serialize_pem()).unwrap().to_p12("10000098").unwrap();
    let builder = builder(mock.url()).root_ca_pem(&authority.certificate.pem());
    let client = builder.identity_p12(&file, "10000098").build().unwrap();
    assert_eq!(client.sendredpack(&packet()).await.unwrap().packet.as_str(), PACKET);
}

#[tokio::test]
async fn a_platform_that_is_not_trusted_or_has_another_name_is_told_nothing() {
    let authority = Authority::new();
    for (name, trusted) in [("127.0.0.1", &Authority::new()), ("example.com", &authority)] {
        let mock = authority.platform(name).await;
        let error = send(&mock, Some(&authority), trusted).await.unwrap_err();
        assert_eq!((error.certainty(), error.next_step()), (Certainty::NothingMoved, NextStep::SameBillNo));
        assert_eq!(error.to_string(), "the request was not sent: no connection");
        assert_eq!((mock.connections(), mock.requests().len()), (1, 0));
        assert_error_keeps_secrets(&error);
    }
}

/// With TLS 1.3 the merchant's side takes the connection for established, and writes, before it learns
/// that its certificate was refused. So it can't know that nothing was read.
#[tokio::test]
async fn a_merchant_without_a_good_certificate_is_left_uncertain() {
    let authority = Authority::new();
    for identity in [None, Some(&Authority::new())] {
        let mock = authority.platform("127.0.0.1").await;
        let error = send(&mock, identity, &authority).await.unwrap_err();
        assert_eq!((error.certainty(), error.next_step()), (Certainty::MayHaveMoved, NextStep::SameBillNo));
        assert_eq!(error.to_string(), "no whole answer came back");
        assert_eq!(mock.requests().len(), 0);
        assert_error_keeps_secrets(&error);
    }
}
