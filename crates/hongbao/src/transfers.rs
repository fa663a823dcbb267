//! `transfers`, `gettransferinfo` (企业付款到零钱): into a person's balance at once, what merchants fall back to. Its
//! numbers are apart from those of packets, and `SEND_FAILED` means the opposite here: query first.

use hongbao_types::{AppId, BillNo, Fen, OpenId};
use hongbao_wire::endpoint::{GETTRANSFERINFO, TRANSFERS};

use crate::client::Client;
use crate::error::Error;
use crate::fields::{Request, maybe_text, parsed, required};

/// A transfer to make. Keep it, with its number, before the first call; call again with the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// `partner_trade_no`, at most 32 characters: the number under which it is paid at most once.
    pub bill_no: BillNo,
    /// `mch_appid`: the app under which the person is known.
    pub app: AppId,
    /// `openid`: the person.
    pub recipient: OpenId,
    /// `amount`.
    pub amount: Fen,
    /// `desc`, at most 100 bytes: 33 Chinese characters.
    pub description: String,
    /// `re_user_name`: the person's name, to be checked (`FORCE_CHECK`); without it nothing is (`NO_CHECK`).
    pub checked_name: Option<String>,
    /// `spbill_create_ip`: the address of the machine that calls.
    pub client_ip: Option<String>,
    /// `device_info`, at most 32 characters: the device.
    pub device: Option<String>,
    /// `scene=BRAND_REDPACKET`: it is shown as a brand's red packet.
    pub brand: Option<Brand>,
}

/// Whose red packet a transfer is shown as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brand {
    /// `brand_id`.
    pub id: u64,
    /// `finder_template_id`, at most 128 characters: how it looks.
    pub template: Option<String>,
}

/// A transfer that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transferred {
    /// `payment_no`: the platform's number for it.
    pub payment_no: String,
    /// `payment_time`, in Beijing, as the wire writes it.
    pub payment_time: String,
}

/// Where a transfer stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferStatus {
    /// `SUCCESS`: it is in the person's balance.
    Success,
    /// `FAILED`: it will never be.
    Failed,
    /// `PROCESSING`: nobody knows yet.
    Processing,
    /// A word that is not in the official table, kept as it came.
    Other(Box<str>),
}

/// What is known of a transfer. Times are Beijing time, as the wire writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferInfo {
    /// `detail_id`: the platform's number.
    pub payment_no: String,
    /// `status`.
    pub status: TransferStatus,
    /// `reason`: why it is not paid yet, or failed.
    pub reason: Option<String>,
    /// `openid`: the person.
    pub recipient: OpenId,
    /// `transfer_name`: the name that was to be checked.
    pub recipient_name: Option<String>,
    /// `payment_amount`.
    pub amount: Fen,
    /// `transfer_time`: when it was asked for.
    pub transfer_time: String,
    /// `payment_time`: when it was paid.
    pub payment_time: Option<String>,
    /// `desc`.
    pub description: String,
}

impl TransferStatus {
    fn from_wire(word: &str) -> TransferStatus {
        match word {
            "SUCCESS" => TransferStatus::Success,
            "FAILED" => TransferStatus::Failed,
            "PROCESSING" => TransferStatus::Processing,
            other => TransferStatus::Other(other.into()),
        }
    }
}

impl Client {
    /// Makes a transfer, or, called again, gets the first call's answer.
    pub async fn transfers(&self, transfer: &Transfer) -> Result<Transferred, Error> {
        let check_name = if transfer.checked_name.is_some() { "FORCE_CHECK" } else { "NO_CHECK" };
        let brand = transfer.brand.as_ref();
        let request = Request::new()
            .set("mch_appid", transfer.app.as_str())
            .set("partner_trade_no", transfer.bill_no.as_str())
            .set("openid", transfer.recipient.as_str())
            .set("check_name", check_name)
            .maybe("re_user_name", transfer.checked_name.as_deref())
            .set("amount", transfer.amount.to_string())
            .set("desc", &transfer.description)
            .maybe("spbill_create_ip", transfer.client_ip.as_deref())
            .maybe("device_info", transfer.device.as_deref())
            .maybe("scene", brand.map(|_| "BRAND_REDPACKET"))
            .maybe("brand_id", brand.map(|brand| brand.id.to_string()))
            .maybe("finder_template_id", brand.and_then(|brand| brand.template.as_deref()));
        let reply = self.call(&TRANSFERS, request.finish()?).await?;
        Ok(Transferred {
            payment_no: required(&reply.fields, "payment_no")?.to_owned(),
            payment_time: required(&reply.fields, "payment_time")?.to_owned(),
        })
    }

    /// Asks what became of the transfer with this number. `NOT_FOUND` proves nothing: it may still be on its way.
    pub async fn gettransferinfo(&self, bill_no: &BillNo, app: &AppId) -> Result<TransferInfo, Error> {
        let request = Request::new().set("partner_trade_no", bill_no.as_str()).set("appid", app.as_str());
        let reply = self.call(&GETTRANSFERINFO, request.finish()?).await?;
        let fields = &reply.fields;
        Ok(TransferInfo {
            payment_no: required(fields, "detail_id")?.to_owned(),
            status: TransferStatus::from_wire(required(fields, "status")?),
            reason: maybe_text(fields, "reason"),
            recipient: parsed(fields, "openid")?,
            recipient_name: maybe_text(fields, "transfer_name"),
            amount: parsed(fields, "payment_amount")?,
            transfer_time: required(fields, "transfer_time")?.to_owned(),
            payment_time: maybe_text(fields, "payment_time"),
            description: required(fields, "desc")?.to_owned(),
        })
    }
}
