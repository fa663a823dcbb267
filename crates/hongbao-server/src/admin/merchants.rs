//! `/admin/merchants/{merchant_id}`: a merchant is so; how is a merchant? Keys go in and never come out.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use hongbao_engine::command::{Keeps, PutMerchant};
use hongbao_engine::directory::{Merchant, MerchantCertificate, MerchantKey, Mode, SignAlgorithm};
use hongbao_engine::ledger::LedgerAccount;
use hongbao_engine::limits::Limits;
use hongbao_engine::packet::Product;
use hongbao_store::Store;
use hongbao_types::{ApiKey, Fen, MerchantId};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::{Deserialize, Serialize};

use super::{Body, PutQuery, QueryString, ValidityReply, id, put_error, validity};
use crate::api_error::ApiError;
use crate::client_certificate::public_key_sha256;
use crate::platform::Platform;

/// A merchant as an operator gives it. Of one that is there already, keys and certificates that are left
/// out stay as they are: they never come out, so nobody could give them again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MerchantBody {
    #[serde(default)]
    name: String,
    keys: Option<Vec<KeyBody>>,
    certificates: Option<Vec<CertificateBody>>,
    #[serde(default)]
    mode: ModeBody,
    #[serde(default)]
    sign_type: Option<SignTypeBody>,
    #[serde(default)]
    allowed_addresses: Vec<IpAddr>,
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

/// What is left out is as usual.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct LimitsBody {
    amount_min_fen: Option<i64>,
    amount_max_fen: Option<i64>,
    scene_below_fen: Option<i64>,
    scene_above_fen: Option<i64>,
    packets_per_minute: Option<u32>,
    recipient_packets_per_day: Option<u32>,
    recipient_amount_per_day_fen: Option<i64>,
    amount_per_day_fen: Option<i64>,
}

/// A merchant as an operator sees it.
#[derive(Serialize)]
pub(crate) struct MerchantReply {
    merchant_id: String,
    name: String,
    mode: ModeBody,
    sign_type: Option<SignTypeBody>,
    keys: Vec<ValidityReply>,
    certificates: Vec<CertificateReply>,
    allowed_addresses: Vec<IpAddr>,
    limits: LimitsBody,
    frozen: bool,
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
    let merchant_id: MerchantId = id(&merchant_id)?;
    let keeps = Keeps { keys: body.keys.is_none(), certificates: body.certificates.is_none() };
    let put = PutMerchant { merchant: body.read(merchant_id.clone())?, replace: query.replace, keeps };
    let stored = platform.put_merchant(Box::new(put)).await?;
    stored.map_err(|rejection| put_error(&format!("merchant {merchant_id}"), rejection))?;
    platform.directory.forget();
    tracing::info!(merchant.id = %merchant_id, "a merchant was stored");
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn get<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path(merchant_id): Path<String>,
) -> Result<Json<MerchantReply>, ApiError> {
    let merchant_id: MerchantId = id(&merchant_id)?;
    let merchant = platform.store.merchant(&merchant_id).await?.ok_or_else(|| {
        ApiError::refused(StatusCode::NOT_FOUND, "no_such_merchant", format!("there is no merchant {merchant_id}"))
    })?;
    let funds = platform.store.account(&LedgerAccount::MerchantFunds(merchant_id)).await?;
    Ok(Json(MerchantReply::show(&merchant, funds.balance())))
}

impl MerchantBody {
    fn read(self, id: MerchantId) -> Result<Merchant, ApiError> {
        let keys = self.keys.iter().flatten().map(KeyBody::read).collect::<Result<_, _>>()?;
        let certificates = self.certificates.iter().flatten().map(CertificateBody::read).collect::<Result<_, _>>()?;
        Ok(Merchant {
            id,
            name: self.name,
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
            products: vec![Product::Ordinary],
            allowed_addresses: self.allowed_addresses.iter().map(IpAddr::to_canonical).collect(),
            limits: self.limits.read()?,
            frozen: self.frozen,
        })
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

impl LimitsBody {
    fn read(&self) -> Result<Limits, ApiError> {
        let usual = Limits::default();
        let fen = |given: Option<i64>, usual: Fen| {
            given.map_or(Ok(usual), Fen::try_new).map_err(|error| ApiError::invalid(error.to_string()))
        };
        let limits = Limits {
            amount_min: fen(self.amount_min_fen, usual.amount_min)?,
            amount_max: fen(self.amount_max_fen, usual.amount_max)?,
            scene_below: fen(self.scene_below_fen, usual.scene_below)?,
            scene_above: fen(self.scene_above_fen, usual.scene_above)?,
            packets_per_minute: self.packets_per_minute.unwrap_or(usual.packets_per_minute),
            recipient_packets_per_day: self.recipient_packets_per_day.unwrap_or(usual.recipient_packets_per_day),
            recipient_amount_per_day: fen(self.recipient_amount_per_day_fen, usual.recipient_amount_per_day)?,
            amount_per_day: fen(self.amount_per_day_fen, usual.amount_per_day)?,
        };
        if limits.amount_min > limits.amount_max {
            return Err(ApiError::invalid(format!(
                "amount_min_fen must not be above amount_max_fen: {}, {}",
                limits.amount_min, limits.amount_max
            )));
        }
        Ok(limits)
    }

    fn show(limits: &Limits) -> LimitsBody {
        LimitsBody {
            amount_min_fen: Some(limits.amount_min.as_i64()),
            amount_max_fen: Some(limits.amount_max.as_i64()),
            scene_below_fen: Some(limits.scene_below.as_i64()),
            scene_above_fen: Some(limits.scene_above.as_i64()),
            packets_per_minute: Some(limits.packets_per_minute),
            recipient_packets_per_day: Some(limits.recipient_packets_per_day),
            recipient_amount_per_day_fen: Some(limits.recipient_amount_per_day.as_i64()),
            amount_per_day_fen: Some(limits.amount_per_day.as_i64()),
        }
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
            name: merchant.name.clone(),
            mode: match merchant.mode {
                Mode::Compatible => ModeBody::Compatible,
                Mode::Strict => ModeBody::Strict,
            },
            sign_type: merchant.pinned_algorithm.map(|algorithm| match algorithm {
                SignAlgorithm::Md5 => SignTypeBody::Md5,
                SignAlgorithm::HmacSha256 => SignTypeBody::HmacSha256,
            }),
            keys: merchant.keys.iter().map(|key| ValidityReply::show(key.validity)).collect(),
            certificates: certificates.collect(),
            allowed_addresses: merchant.allowed_addresses.clone(),
            limits: LimitsBody::show(&merchant.limits),
            frozen: merchant.frozen,
            funds_fen: funds.map(Fen::as_i64),
        }
    }
}
