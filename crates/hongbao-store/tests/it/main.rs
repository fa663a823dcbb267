//! The contract, tried on the in-memory store.

use hongbao_store::memory::MemoryStore;

hongbao_store::store_conformance!(|info, clock| (MemoryStore::new(info, clock), ()));
