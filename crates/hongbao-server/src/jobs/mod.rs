//! What happens without anybody asking? Time passes.

pub(crate) mod expire_packets;
