//! Who is calling, is it them, and how are they answered? One request and its reply: fields, certificate, signature,
//! permissions, in this order. The one place where a request's identity is judged.

use std::sync::Arc;

use hongbao_engine::directory::{App, Merchant, PermissionRefusal, SignAlgorithm};
use hongbao_engine::packet::{BillKey, Family, Product};
use hongbao_store::Store;
use hongbao_types::{ApiKey, AppId, Generation, MerchantId, Mode};
use hongbao_wire::{Endpoint, Given, Params, Reply, SignPolicy, SignType, SignedReplies, sign};

use super::refusal::Refusal;
use crate::listener::{Peer, Transport};
use crate::platform::Platform;

/// A request of one endpoint, on its way to a reply.
pub(super) struct Exchange<'a, S: Store> {
    pub(super) platform: &'a Platform<S>,
    pub(super) endpoint: &'static Endpoint,
    pub(super) params: Params,
    peer: &'a Peer,
    /// Whom the request names, whether or not it is them.
    named: Option<Arc<Merchant>>,
    /// With what the reply is signed, once it is certain that it is them: nobody else gets anything signed.
    signer: Option<(SignType, ApiKey)>,
}

impl<'a, S: Store> Exchange<'a, S> {
    pub(super) fn new(
        platform: &'a Platform<S>,
        peer: &'a Peer,
        endpoint: &'static Endpoint,
        params: Params,
    ) -> Exchange<'a, S> {
        Exchange { platform, endpoint, params, peer, named: None, signer: None }
    }

    /// Judges the request up to its signature; the merchant, when it is them.
    pub(super) async fn authenticate(&mut self) -> Result<Arc<Merchant>, Refusal> {
        // First of all, for it says in which words even a wrong field is answered.
        if let Some(id) = self.field(self.endpoint.merchant_field).and_then(|id| MerchantId::try_new(id).ok()) {
            self.named = self.platform.in_time(self.platform.directory.merchant(&id)).await?;
        }
        let mode = self.named.as_deref().map(|merchant| merchant.mode).unwrap_or_default();
        self.endpoint.check(&self.params, mode)?;
        let merchant = self.named.clone().ok_or(Refusal::UnknownMerchant)?;
        let now = self.platform.clock.0.now();
        match &self.peer.transport {
            // A sandbox's door without TLS: no certificate could have been asked for.
            Transport::Plain => {}
            Transport::Tls(_) if !self.endpoint.needs_certificate => {}
            Transport::Tls(certificate) => merchant.judge_certificate(certificate.as_ref(), now)?,
        }
        let policy = SignPolicy {
            mode,
            pinned: merchant.pinned_algorithm.map(|algorithm| match algorithm {
                SignAlgorithm::Md5 => SignType::Md5,
                SignAlgorithm::HmacSha256 => SignType::HmacSha256,
            }),
        };
        let verified = sign::verify(&self.params, self.endpoint, merchant.keys_at(now), policy)?;
        // Which of several keys a merchant still uses, and whether the live service would take the signature.
        tracing::debug!(merchant.id = %merchant.id, key = verified.key_index, rule = ?verified.rule, "a signature is right");
        let key = merchant.keys_at(now).nth(verified.key_index).cloned();
        self.signer = key.map(|key| (verified.sign_type, key));
        Ok(merchant)
    }

    /// The app that the request names, if there is one.
    pub(super) async fn named_app(&self) -> Result<Option<Arc<App>>, Refusal> {
        let app = self.app()?;
        Ok(self.platform.in_time(self.platform.directory.app(&app)).await?)
    }

    /// Whether `merchant` may use `product` for the people of `app`, from where it calls.
    pub(super) fn judge_permission(
        &self,
        merchant: &Merchant,
        product: Product,
        app: Option<&App>,
    ) -> Result<(), PermissionRefusal> {
        merchant.judge_permission(product, app, self.peer.address)
    }

    /// The same for the app that the request names.
    pub(super) async fn permit(&self, merchant: &Merchant, product: Product) -> Result<(), Refusal> {
        let app = self.named_app().await?;
        Ok(self.judge_permission(merchant, product, app.as_deref())?)
    }

    /// Whether `merchant` may ask from where it calls.
    pub(super) fn permit_query(&self, merchant: &Merchant) -> Result<(), Refusal> {
        Ok(merchant.judge_address(self.peer.address)?)
    }

    /// The bill number of the request, among those of `merchant`.
    pub(super) fn bill(&self, merchant: &Merchant) -> Result<BillKey, Refusal> {
        let family = match self.endpoint.family {
            hongbao_wire::Family::Packets => Family::Packets,
            hongbao_wire::Family::Transfers => Family::Transfers,
        };
        let bill_no = self.parsed(self.endpoint.bill_field)?;
        Ok(BillKey { merchant: merchant.id.clone(), family, bill_no })
    }

    /// A field that has a value.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.params.get(name).filter(|value| !value.is_empty())
    }

    /// A field that the table has checked already, as a value of its type.
    pub(super) fn parsed<T: std::str::FromStr>(&self, name: &'static str) -> Result<T, Refusal> {
        self.field(name).and_then(|value| value.parse().ok()).ok_or(Refusal::Unchecked(name))
    }

    /// A field that the table has checked, if it is there. One that the table doesn't know is not there.
    pub(super) fn maybe<T: std::str::FromStr>(&self, name: &'static str) -> Result<Option<T>, Refusal> {
        let is_known = self.endpoint.field(name).is_some() && self.field(name).is_some();
        is_known.then(|| self.parsed(name)).transpose()
    }

    /// The app that the request names.
    pub(super) fn app(&self) -> Result<AppId, Refusal> {
        self.parsed(self.endpoint.app_field)
    }

    /// The reply to all this.
    pub(super) fn reply(&self, result: &Result<Given, Refusal>) -> Reply {
        let generation = self.generation();
        let mut reply = match result {
            Ok(given) => Reply::success(self.endpoint, generation, &self.params, given),
            Err(refusal) => {
                let (code, text) = refusal.answer(self.endpoint.family, generation);
                Reply::failure(self.endpoint, generation, &self.params, (&code, &text), refusal.complaint())
            }
        };
        if let Some((sign_type, key)) = self.signer.as_ref().filter(|_| self.signs(result.is_ok())) {
            reply.sign(*sign_type, key);
        }
        reply
    }

    pub(super) fn generation(&self) -> Generation {
        self.named.as_ref().map(|merchant| merchant.generation).unwrap_or_default()
    }

    fn signs(&self, is_success: bool) -> bool {
        let is_compatible = self.named.as_ref().is_some_and(|merchant| merchant.mode == Mode::Compatible);
        is_compatible
            && match self.endpoint.signed_replies {
                SignedReplies::None => false,
                SignedReplies::Successes => is_success,
                SignedReplies::All => true,
            }
    }
}
