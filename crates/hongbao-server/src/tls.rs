//! How does a TLS handshake go? A client certificate is asked for, never demanded, and the handshake
//! only proves that the client has its key: whether the certificate counts is judged for each request,
//! so that it can be said in XML (`CA_ERROR`).

use std::sync::Arc;

use hongbao_identity::Identity;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};

/// What a TLS door needs.
#[derive(Debug)]
pub struct TlsOptions {
    /// The server's certificate, its issuers, and its private key.
    pub identity: Identity,
    /// The authorities that issue merchants' certificates, in PEM; empty when registration alone decides.
    pub client_authorities_pem: String,
}

/// Why a TLS door can't be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The key does not belong to the certificate, or is of a kind that can't be used.
    #[error("the server's certificate and private key can't be used together: {0}")]
    Mismatch(String),
    /// An authority is unreadable.
    #[error("the client authorities can't be read: {0}")]
    Authorities(String),
}

/// A TLS door, ready.
pub(crate) struct Tls {
    pub(crate) acceptor: tokio_rustls::TlsAcceptor,
    pub(crate) authorities: Vec<TrustAnchor<'static>>,
}

impl Tls {
    pub(crate) fn new(options: &TlsOptions) -> Result<Tls, TlsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let authorities = certificates(&options.client_authorities_pem)
            .and_then(|list| list.iter().map(anchor).collect())
            .map_err(TlsError::Authorities)?;
        let mut config = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS12, &rustls::version::TLS13])
            .map_err(|error| TlsError::Mismatch(error.to_string()))?
            .with_client_cert_verifier(Arc::new(ProofOfPossession(provider)))
            .with_single_cert(options.identity.chain().to_vec(), options.identity.private_key().clone_key())
            .map_err(|error| TlsError::Mismatch(error.to_string()))?;
        // HTTP/1.1 is what every known client speaks; those without ALPN get it as well.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Tls { acceptor: tokio_rustls::TlsAcceptor::from(Arc::new(config)), authorities })
    }
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().map_err(|error| error.to_string())
}

fn anchor(certificate: &CertificateDer<'static>) -> Result<TrustAnchor<'static>, String> {
    webpki::anchor_from_trusted_cert(certificate).map(|anchor| anchor.to_owned()).map_err(|error| error.to_string())
}

/// Takes any certificate, or none; checks only that the client has its private key.
#[derive(Debug)]
struct ProofOfPossession(Arc<CryptoProvider>);

impl ClientCertVerifier for ProofOfPossession {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
