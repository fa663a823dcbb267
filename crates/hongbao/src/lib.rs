//! Send WeChat red packets (现金红包) from Rust, through WeChat Pay or through a platform that speaks
//! its protocol.
//!
//! ```no_run
//! use hongbao::{ApiKey, Client, Fen, MerchantId, SendRedPack};
//!
//! # async fn send() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder(MerchantId::try_new("10000098")?, ApiKey::try_new("192006250b4c09247ec02edce69f6a2d")?)
//!     .identity_pem(&std::fs::read_to_string("apiclient_cert.pem")?, &std::fs::read_to_string("apiclient_key.pem")?)
//!     .build()?;
//! let packet = SendRedPack {
//!     bill_no: "10000098201411111234567890".parse()?,
//!     app: "wx8888888888888888".parse()?,
//!     recipient: "oxTWIuGaIt6gTKsQRLau2M0yL16E".parse()?,
//!     total: Fen::new(1000),
//!     sender_name: "天虹百货".to_owned(),
//!     greeting: "感谢您参加猜灯谜活动，祝您元宵节快乐！".to_owned(),
//!     activity: "猜灯谜抢红包活动".to_owned(),
//!     remark: "猜越多得越多，快来抢！".to_owned(),
//!     client_ip: "192.168.0.1".to_owned(),
//!     scene: None,
//!     risk_info: None,
//!     on_behalf_of: None,
//! };
//! match client.sendredpack(&packet).await {
//!     Ok(sent) => println!("sent as {}", sent.packet),
//!     Err(error) => println!("{error} ({:?}): {}", error.certainty(), error.advice()),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Every call
//!
//! | call | does |
//! |---|---|
//! | [`sendredpack`](Client::sendredpack) | one person, one share (普通红包) |
//! | [`sendgroupredpack`](Client::sendgroupredpack) | several shares (裂变红包); retired upstream |
//! | [`sendminiprogramhb`](Client::sendminiprogramhb), [`biz_red_packet`](Client::biz_red_packet) | opened in a mini program (小程序红包) |
//! | [`hbpreorder`](Client::hbpreorder) | given away by a shake (摇一摇红包); retired upstream |
//! | [`sendworkwxredpack`](Client::sendworkwxredpack), [`queryworkwxredpack`](Client::queryworkwxredpack) | in the name of a corporation (企业红包) |
//! | [`transfers`](Client::transfers), [`gettransferinfo`](Client::gettransferinfo) | into a balance at once (企业付款) |
//! | [`gethbinfo`](Client::gethbinfo) | what became of a packet? |
//! | [`chain`](Client::chain) | any other |
//!
//! # Did money move?
//!
//! The one question that matters after an error is answered by [`Error::certainty`], for the attempt
//! that failed. Keep the bill number until a success, a terminal status of
//! [`gethbinfo`](Client::gethbinfo), or `SEND_FAILED`: the same call with the same number pays at most
//! once, a new number is a new payment. Once one attempt with a number may have moved money, a later
//! [`Certainty::NothingMoved`] takes nothing back.

mod chain;
mod client;
mod error;
mod fields;
mod gethbinfo;
mod hbpreorder;
mod sendgroupredpack;
mod sendminiprogramhb;
mod sendredpack;
mod transfers;
mod workwx;

pub use chain::{Chain, ChainReply};
pub use client::{BuildError, Client, ClientBuilder};
pub use error::Error;
pub use fields::{RiskInfo, SubMerchant};
pub use gethbinfo::{RedPackInfo, Share};
pub use hbpreorder::{PreOrder, PreOrderShares, PreOrdered, RiskControl, Shake};
pub use hongbao_identity::{Identity, IdentityError};
pub use hongbao_types::{ApiKey, AppId, BillNo, Fen, IdError, MerchantId, OpenId, PacketId, WorkwxSecret};
pub use hongbao_wire::{Certainty, ErrorCode, HbStatus, NextStep};
pub use sendgroupredpack::SendGroupRedPack;
pub use sendminiprogramhb::{BizRedPacket, SendMiniProgramHb, SentMiniProgramHb};
pub use sendredpack::{SendRedPack, SentRedPack};
pub use transfers::{Brand, Transfer, TransferInfo, TransferStatus, Transferred};
pub use workwx::{SendWorkwxRedPack, WorkwxRedPackInfo, WorkwxSender};
