//! Which certificate came with a connection? What of it the engine judges: its public key, its dates,
//! and whether a trusted authority issued it.

use std::time::Duration;

use hongbao_engine::directory::PresentedCertificate;
use hongbao_types::Timestamp;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use sha2::{Digest, Sha256};
use webpki::{EndEntityCert, KeyUsage};
use x509_parser::prelude::{FromDer, X509Certificate};

/// SHA-256 of the `SubjectPublicKeyInfo` of a certificate in DER: the name under which a merchant's
/// certificate is registered. `None` when it is not a certificate.
pub fn public_key_sha256(certificate: &[u8]) -> Option<[u8; 32]> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    Some(Sha256::digest(parsed.public_key().raw).into())
}

/// Reads the certificate that a client presented. `authorities` are those whose certificates count;
/// without any, every certificate does, and registration alone decides.
pub(crate) fn read(chain: &[CertificateDer<'_>], authorities: &[TrustAnchor<'_>]) -> Option<PresentedCertificate> {
    let (first, intermediates) = chain.split_first()?;
    let (_, parsed) = X509Certificate::from_der(first).ok()?;
    // The dates of all that came: what an issuer of a few months ago vouched for ends with it.
    let (mut not_before, mut not_after) = (i64::MIN, i64::MAX);
    for certificate in chain {
        let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
        not_before = not_before.max(certificate.validity().not_before.timestamp());
        not_after = not_after.min(certificate.validity().not_after.timestamp());
    }
    let seconds = |at: i64| Timestamp::from_millis(at.saturating_mul(1000));
    Some(PresentedCertificate {
        public_key_sha256: Sha256::digest(parsed.public_key().raw).into(),
        not_before: seconds(not_before),
        not_after: seconds(not_after),
        is_trusted: authorities.is_empty() || is_issued_by(first, intermediates, authorities, not_before),
    })
}

/// Whether one of `authorities` issued it for clients. Dates are judged elsewhere, for each request: here
/// the chain is looked at in the first second in which all of it counts.
fn is_issued_by(
    certificate: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    authorities: &[TrustAnchor<'_>],
    first_second: i64,
) -> bool {
    let Ok(end_entity) = EndEntityCert::try_from(certificate) else { return false };
    let at = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(first_second).unwrap_or(0)));
    end_entity
        .verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            authorities,
            intermediates,
            at,
            KeyUsage::client_auth(),
            None,
            None,
        )
        .is_ok()
}
