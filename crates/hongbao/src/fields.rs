//! What do requests have in common, and how is a reply's value read?

use hongbao_types::{AppId, MerchantId};
use hongbao_wire::Params;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::{Error, Kind};

/// On whose behalf a service provider (服务商) sends; official page 4011983137. The merchant number, key and
/// certificate of the call are the provider's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubMerchant {
    /// `sub_mch_id`: the sub-merchant, who pays unless `payer` is named.
    pub merchant: MerchantId,
    /// `msgappid`: the app that reaches the person, who is known under it.
    pub message_app: AppId,
    /// `consume_mch_id`: whose balance is charged.
    pub payer: Option<MerchantId>,
}

/// What is known of the user's action (`risk_info`); what is not, is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RiskInfo {
    /// `posttime`: when the user acted, in seconds since 1970.
    pub post_time: Option<i64>,
    /// `mobile`: country code, `-`, number; without `+`.
    pub mobile: Option<String>,
    /// `deviceid`: the MAC address, or what else names the device.
    pub device_id: Option<String>,
    /// `clientversion`.
    pub client_version: Option<String>,
}

/// What stays as it is in `risk_info`.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

impl RiskInfo {
    /// The value on the wire: the items joined by `&`, percent-encoded as a whole.
    fn to_wire(&self) -> Option<String> {
        let post_time = self.post_time.map(|time| time.to_string());
        let items = [
            ("posttime", &post_time),
            ("mobile", &self.mobile),
            ("deviceid", &self.device_id),
            ("clientversion", &self.client_version),
        ];
        let joined: Vec<String> =
            items.iter().filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?))).collect();
        (!joined.is_empty()).then(|| utf8_percent_encode(&joined.join("&"), KEPT).to_string())
    }
}

/// A request that is being put together.
pub(crate) struct Request(Result<Params, Error>);

impl Request {
    pub(crate) fn new() -> Request {
        Request(Ok(Params::new()))
    }

    pub(crate) fn set(self, name: &str, value: impl Into<String>) -> Request {
        Request(self.0.and_then(|mut params| {
            params.set(name, value).map_err(|error| Error::new(Kind::Invalid(error.to_string())))?;
            Ok(params)
        }))
    }

    pub(crate) fn maybe(self, name: &str, value: Option<impl Into<String>>) -> Request {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    pub(crate) fn on_behalf_of(self, sub: Option<&SubMerchant>) -> Request {
        self.maybe("sub_mch_id", sub.map(|sub| sub.merchant.as_str()))
            .maybe("msgappid", sub.map(|sub| sub.message_app.as_str()))
            .maybe("consume_mch_id", sub.and_then(|sub| sub.payer.as_ref()).map(MerchantId::as_str))
    }

    pub(crate) fn risk_info(self, info: Option<&RiskInfo>) -> Request {
        self.maybe("risk_info", info.and_then(RiskInfo::to_wire))
    }

    pub(crate) fn finish(self) -> Result<Params, Error> {
        self.0
    }
}

/// A value of a reply, if it is there.
pub(crate) fn present<'a>(fields: &'a Params, name: &str) -> Option<&'a str> {
    fields.get(name).filter(|value| !value.is_empty())
}

/// A value that every reply of its kind has.
pub(crate) fn required<'a>(fields: &'a Params, name: &'static str) -> Result<&'a str, Kind> {
    present(fields, name).ok_or(Kind::Mismatch(name))
}

/// A value of a reply, as one of its type.
pub(crate) fn parse<T: std::str::FromStr>(value: &str, name: &'static str) -> Result<T, Kind> {
    value.parse().map_err(|_| Kind::Mismatch(name))
}

/// A value that every reply of its kind has, as one of its type.
pub(crate) fn parsed<T: std::str::FromStr>(fields: &Params, name: &'static str) -> Result<T, Kind> {
    parse(required(fields, name)?, name)
}

/// A value that a reply may have, as one of its type.
pub(crate) fn maybe_parsed<T: std::str::FromStr>(fields: &Params, name: &'static str) -> Result<Option<T>, Kind> {
    present(fields, name).map(|value| parse(value, name)).transpose()
}

/// The same as a text.
pub(crate) fn maybe_text(fields: &Params, name: &str) -> Option<String> {
    present(fields, name).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn risk_info_is_joined_and_then_encoded_as_a_whole() {
        let info = RiskInfo {
            post_time: Some(123_123_412),
            mobile: Some("86-122344545".to_owned()),
            client_version: Some("234134".to_owned()),
            ..RiskInfo::default()
        };
        let expected = "posttime%3D123123412%26mobile%3D86-122344545%26clientversion%3D234134";
        assert_eq!(info.to_wire().as_deref(), Some(expected));
        assert_eq!(RiskInfo::default().to_wire(), None);
    }
}
