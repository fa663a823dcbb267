//! `/admin/merchants/{merchant_id}`: a merchant is so; how is a merchant? Keys go in and never come out.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use hongbao_engine::directory::{Merchant, MerchantCertificate, MerchantKey, SignAlgorithm};
use hongbao_engine::draw::DrawRule;
use hongbao_engine::ledger::LedgerAccount;
use hongbao_engine::packet::Product;
use hongbao_store::Store;
use hongbao_types::{ApiKey, Fen, Generation, MerchantId, Mode};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::limits::LimitsBody;
use super::patch::{in_place, merged};
use super::{Body, PutQuery, QueryString, ValidityReply, id, parse_time, unknown, validity};
use crate::api_error::ApiError;
use crate::change::change;
use crate::client_certificate::public_key_sha256;
use crate::json_door::rfc3339;
use crate::platform::Platform;

/// A merchant as an operator gives it, and, but for keys and certificates, sees it. Of one that is there already,
/// keys and certificates that are left out stay as they are: they never come out, so nobody could give them again.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MerchantBody {
    #[serde(default)]
    name: String,
    #[serde(skip_serializing)]
    keys: Option<Vec<KeyBody>>,
    #[serde(skip_serializing)]
    certificates: Option<Vec<CertificateBody>>,
    #[serde(default)]
    mode: ModeBody,
    #[serde(default)]
    sign_type: Option<SignTypeBody>,
    /// Of which years the service is that it meets; of today's when left out.
    generation: Option<String>,
    /// The products that are open to it; all when left out.
    products: Option<Vec<String>>,
    /// Whether it has closed sending by API.
    #[serde(default)]
    closed: bool,
    /// The service providers that may send on its behalf.
    #[serde(default)]
    providers: Vec<String>,
    /// When it entered, and since when it has traded without a break, in the store's time.
    entered_at: Option<String>,
    trading_since: Option<String>,
    #[serde(default)]
    allowed_addresses: Vec<IpAddr>,
    /// How its packets of several shares are drawn: `live`, unless `shuffled`.
    draws: Option<String>,
    #[serde(default)]
    limits: LimitsBody,
    #[serde(default)]
    frozen: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyBody {
    key: String,
    valid_from: Option<String>,
    valid_until: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CertificateBody {
    /// The certificate, PEM.
    pem: String,
    valid_from: Option<String>,
    valid_until: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum ModeBody {
    #[default]
    Compatible,
    Strict,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
enum SignTypeBody {
    #[serde(rename = "MD5")]
    Md5,
    #[serde(rename = "HMAC-SHA256")]
    HmacSha256,
}

/// A merchant as an operator sees it.
#[derive(Serialize)]
pub(crate) struct MerchantReply {
    merchant_id: String,
    #[serde(flatten)]
    settings: MerchantBody,
    keys: Vec<ValidityReply>,
    certificates: Vec<CertificateReply>,
    funds_fen: Option<i64>,
}

#[derive(Serialize)]
struct CertificateReply {
    public_key_sha256: String,
    #[serde(flatten)]
    validity: ValidityReply,
}

pub(crate) async fn put<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path(merchant_id): Path<String>,
    QueryString(query): QueryString<PutQuery>,
    Body(body): Body<MerchantBody>,
) -> Result<StatusCode, ApiError> {
    let id: MerchantId = id(&merchant_id)?;
    change(&platform, &id, |stored| in_place(body.read(&id, stored)?, stored, query.replace, &id)).await?;
    tracing::info!(merchant.id = %id, "a merchant was stored");
    Ok(StatusCode::NO_CONTENT)
}

/// Changes what is given, and nothing else (RFC 7396).
pub(crate) async fn patch<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path(merchant_id): Path<String>,
    Body(patch): Body<Map<String, Value>>,
) -> Result<StatusCode, ApiError> {
    let id: MerchantId = id(&merchant_id)?;
    change(&platform, &id, |stored| patched(stored.ok_or_else(|| no_such_merchant(&id))?, &patch)).await?;
    tracing::info!(merchant.id = %id, "a merchant was changed");
    Ok(StatusCode::NO_CONTENT)
}

fn patched(stored: &Merchant, patch: &Map<String, Value>) -> Result<Merchant, ApiError> {
    let mut shown = MerchantBody::show(stored);
    if patch.get("generation").is_some_and(|generation| *generation != json!(shown.generation)) {
        // Another generation has other limits: none of the old ones stays but those that are given.
        shown.limits = LimitsBody::default();
    }
    merged::<MerchantBody>(&shown, patch)?.read(&stored.id, Some(stored))
}

fn no_such_merchant(id: &MerchantId) -> ApiError {
    ApiError::refused(StatusCode::NOT_FOUND, "no_such_merchant", format!("there is no merchant {id}"))
}

pub(crate) async fn get<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path(merchant_id): Path<String>,
) -> Result<Json<MerchantReply>, ApiError> {
    let merchant_id: MerchantId = id(&merchant_id)?;
    let merchant = platform.store.merchant(&merchant_id).await?.ok_or_else(|| no_such_merchant(&merchant_id))?;
    let funds = platform.store.account(&LedgerAccount::MerchantFunds(merchant_id)).await?;
    Ok(Json(MerchantReply::show(&merchant, funds.balance())))
}

impl MerchantBody {
    /// What it says, with what it leaves out of what is stored.
    fn read(&self, id: &MerchantId, stored: Option<&Merchant>) -> Result<Merchant, ApiError> {
        let keys = match (&self.keys, stored) {
            (Some(keys), _) => keys.iter().map(KeyBody::read).collect::<Result<_, _>>()?,
            (None, Some(stored)) => stored.keys.clone(),
            (None, None) => return Err(ApiError::invalid(format!("{id} is new, so its keys must be given"))),
        };
        let certificates = match &self.certificates {
            Some(certificates) => certificates.iter().map(CertificateBody::read).collect::<Result<_, _>>()?,
            None => stored.map(|stored| stored.certificates.clone()).unwrap_or_default(),
        };
        let generation = self.generation.as_deref().map_or(Ok(Generation::default()), |name| {
            Generation::from_name(name).ok_or_else(|| unknown("generation", Generation::ALL.map(Generation::name)))
        })?;
        let product = |name: &String| {
            Product::from_name(name).ok_or_else(|| unknown("products", Product::ALL.map(Product::name)))
        };
        let time = |text: &Option<String>| text.as_deref().map(parse_time).transpose();
        Ok(Merchant {
            id: id.clone(),
            name: self.name.clone(),
            keys,
            certificates,
            mode: match self.mode {
                ModeBody::Compatible => Mode::Compatible,
                ModeBody::Strict => Mode::Strict,
            },
            pinned_algorithm: self.sign_type.map(|sign_type| match sign_type {
                SignTypeBody::Md5 => SignAlgorithm::Md5,
                SignTypeBody::HmacSha256 => SignAlgorithm::HmacSha256,
            }),
            generation,
            products: match &self.products {
                Some(products) => products.iter().map(product).collect::<Result<_, _>>()?,
                None => Product::ALL.to_vec(),
            },
            is_closed: self.closed,
            providers: self.providers.iter().map(|provider| super::id(provider)).collect::<Result<_, _>>()?,
            entered_at: time(&self.entered_at)?,
            trading_since: time(&self.trading_since)?,
            allowed_addresses: self.allowed_addresses.iter().map(IpAddr::to_canonical).collect(),
            draw_rule: self.draws.as_deref().map_or(Ok(DrawRule::default()), |name| {
                DrawRule::from_name(name).ok_or_else(|| unknown("draws", DrawRule::ALL.map(DrawRule::name)))
            })?,
            limits: self.limits.read(generation)?,
            frozen: self.frozen,
        })
    }

    fn show(merchant: &Merchant) -> MerchantBody {
        MerchantBody {
            name: merchant.name.clone(),
            keys: None,
            certificates: None,
            mode: match merchant.mode {
                Mode::Compatible => ModeBody::Compatible,
                Mode::Strict => ModeBody::Strict,
            },
            sign_type: merchant.pinned_algorithm.map(|algorithm| match algorithm {
                SignAlgorithm::Md5 => SignTypeBody::Md5,
                SignAlgorithm::HmacSha256 => SignTypeBody::HmacSha256,
            }),
            generation: Some(merchant.generation.name().to_owned()),
            products: Some(merchant.products.iter().map(|product| product.name().to_owned()).collect()),
            closed: merchant.is_closed,
            providers: merchant.providers.iter().map(ToString::to_string).collect(),
            entered_at: merchant.entered_at.map(rfc3339),
            trading_since: merchant.trading_since.map(rfc3339),
            allowed_addresses: merchant.allowed_addresses.clone(),
            draws: Some(merchant.draw_rule.name().to_owned()),
            limits: LimitsBody::show(&merchant.limits),
            frozen: merchant.frozen,
        }
    }
}

impl KeyBody {
    fn read(&self) -> Result<MerchantKey, ApiError> {
        let key = ApiKey::try_new(&self.key).map_err(|error| ApiError::invalid(error.to_string()))?;
        let validity = validity(self.valid_from.as_deref(), self.valid_until.as_deref())?;
        Ok(MerchantKey { key, validity })
    }
}

impl CertificateBody {
    fn read(&self) -> Result<MerchantCertificate, ApiError> {
        let public_key_sha256 = CertificateDer::from_pem_slice(self.pem.as_bytes())
            .ok()
            .and_then(|der| public_key_sha256(&der))
            .ok_or_else(|| ApiError::invalid("pem must hold a certificate: -----BEGIN CERTIFICATE-----"))?;
        let validity = validity(self.valid_from.as_deref(), self.valid_until.as_deref())?;
        Ok(MerchantCertificate { public_key_sha256, validity })
    }
}

impl MerchantReply {
    fn show(merchant: &Merchant, funds: Option<Fen>) -> MerchantReply {
        let certificates = merchant.certificates.iter().map(|certificate| CertificateReply {
            public_key_sha256: hex::encode(certificate.public_key_sha256),
            validity: ValidityReply::show(certificate.validity),
        });
        MerchantReply {
            merchant_id: merchant.id.to_string(),
            settings: MerchantBody::show(merchant),
            keys: merchant.keys.iter().map(|key| ValidityReply::show(key.validity)).collect(),
            certificates: certificates.collect(),
            funds_fen: funds.map(Fen::as_i64),
        }
    }
}
