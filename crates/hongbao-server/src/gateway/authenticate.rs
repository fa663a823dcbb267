//! Who is calling, and is it them? Fields, certificate, signature, permissions, in this order: the
//! one place where a request's identity is judged.

use std::sync::Arc;

use hongbao_engine::directory::{App, Merchant, Mode, SignAlgorithm};
use hongbao_engine::packet::Product;
use hongbao_store::Store;
use hongbao_types::{AppId, MerchantId};
use hongbao_wire::{Endpoint, FieldRefusal, Params, SignPolicy, SignType, sign, text};

use super::refusal::Refusal;
use crate::listener::{Peer, Transport};
use crate::platform::Platform;

/// A merchant whose certificate and signature are right.
pub(super) struct Authenticated {
    pub(super) merchant: Arc<Merchant>,
}

/// Judges a request of `endpoint` up to its signature, and the caller's address.
pub(super) async fn authenticate<S: Store>(
    platform: &Platform<S>,
    peer: &Peer,
    endpoint: &Endpoint,
    params: &Params,
) -> Result<Authenticated, Refusal> {
    endpoint.check(params)?;
    let merchant: MerchantId = parsed(params, "mch_id")?;
    let merchant = platform.directory.merchant(&merchant).await?.ok_or(Refusal::UnknownMerchant)?;
    if merchant.mode == Mode::Strict {
        refuse_four_byte_characters(endpoint, params)?;
    }
    let now = platform.clock.0.now();
    match &peer.transport {
        // A sandbox's door without TLS: no certificate could have been asked for.
        Transport::Plain => {}
        Transport::Tls(_) if !endpoint.needs_certificate => {}
        Transport::Tls(certificate) => merchant.judge_certificate(certificate.as_ref(), now)?,
    }
    let verified = sign::verify(params, endpoint, merchant.keys_at(now), sign_policy(&merchant))?;
    // Which of several keys a merchant still uses, and whether the live service would take the signature.
    tracing::debug!(merchant.id = %merchant.id, key = verified.key_index, rule = ?verified.rule, "a signature is right");
    Ok(Authenticated { merchant })
}

impl Authenticated {
    /// Whether the merchant may use `product` for the people of the app that the request names.
    pub(super) async fn permit<S: Store>(
        &self,
        platform: &Platform<S>,
        peer: &Peer,
        product: Product,
        app: &AppId,
    ) -> Result<(), Refusal> {
        let app = platform.directory.app(app).await?;
        Ok(self.merchant.judge_permission(product, app.as_deref().map(|app: &App| app), peer.address)?)
    }
}

/// Production is documented not to take them (protocol rules, page 4011986592). Chosen: the words.
fn refuse_four_byte_characters(endpoint: &Endpoint, params: &Params) -> Result<(), Refusal> {
    for field in endpoint.fields {
        if params.get(field.name).is_some_and(|value| value.chars().any(|c| c.len_utf8() > 3)) {
            let text = format!("{}{}字段含有不支持的字符.", text::PARAM_ERROR_PREFIX, field.name);
            return Err(FieldRefusal { field: field.name, text }.into());
        }
    }
    Ok(())
}

fn sign_policy(merchant: &Merchant) -> SignPolicy {
    SignPolicy {
        mode: match merchant.mode {
            Mode::Compatible => sign::Mode::Compatible,
            Mode::Strict => sign::Mode::Strict,
        },
        pinned: merchant.pinned_algorithm.map(|algorithm| match algorithm {
            SignAlgorithm::Md5 => SignType::Md5,
            SignAlgorithm::HmacSha256 => SignType::HmacSha256,
        }),
    }
}

/// A field that the table has checked already, as a value of its type.
pub(super) fn parsed<T: std::str::FromStr>(params: &Params, name: &'static str) -> Result<T, Refusal> {
    params.get(name).and_then(|value| value.parse().ok()).ok_or(Refusal::Unchecked(name))
}

/// A text field; empty when it is not there.
pub(super) fn text_of(params: &Params, name: &str) -> String {
    params.get(name).unwrap_or_default().to_owned()
}
