//! The official pages' own request.

/// A send with the fields of today.
pub(crate) const SEND: &[(&str, &str)] = &[
    ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
    ("mch_billno", "10000098201411111234567890"),
    ("mch_id", "10000098"),
    ("wxappid", "wx8888888888888888"),
    ("send_name", "天虹百货"),
    ("re_openid", "oxTWIuGaIt6gTKsQRLau2M0yL16E"),
    ("total_amount", "1000"),
    ("total_num", "1"),
    ("wishing", "感谢您参加猜灯谜活动，祝您元宵节快乐！"),
    ("client_ip", "192.168.0.1"),
    ("act_name", "猜灯谜抢红包活动"),
    ("remark", "猜越多得越多，快来抢！"),
];
