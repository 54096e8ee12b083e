//! The hub's gRPC codec: it writes only what is an [`Answer`] and reads only what is a [`Question`]. A bare record is
//! neither, so no handler can return one (`style.md` section 4).

use musubi_core::wire::{Answer, Question};
use prost::bytes::{Buf, BufMut};
use std::marker::PhantomData;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// The codec of every service and client.
pub struct Disclosing<E, D>(PhantomData<(E, D)>);

impl<E, D> Default for Disclosing<E, D> {
    fn default() -> Self {
        Disclosing(PhantomData)
    }
}

impl<E: Answer, D: Question> Codec for Disclosing<E, D> {
    type Encode = E;
    type Decode = D;
    type Encoder = Writing<E>;
    type Decoder = Reading<D>;

    fn encoder(&mut self) -> Writing<E> {
        Writing(PhantomData)
    }

    fn decoder(&mut self) -> Reading<D> {
        Reading(PhantomData)
    }
}

/// Writes answers.
pub struct Writing<E>(PhantomData<E>);

impl<E: Answer> Encoder for Writing<E> {
    type Item = E;
    type Error = Status;

    fn encode(&mut self, item: E, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item.write());
        Ok(())
    }
}

/// Reads questions.
pub struct Reading<D>(PhantomData<D>);

impl<D: Question> Decoder for Reading<D> {
    type Item = D;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<D>, Status> {
        let bytes = buffer.copy_to_bytes(buffer.remaining());
        D::read(&bytes).map(Some).map_err(|fault| Status::invalid_argument(fault.0))
    }
}

/// Makes the plain messages of the service files answers and questions. They carry codes, places, ids and receipts.
macro_rules! plain {
    ($($name:ident),* $(,)?) => {$(
        impl musubi_core::wire::Answer for $name {
            fn write(&self) -> Vec<u8> {
                prost::Message::encode_to_vec(self)
            }
        }

        impl musubi_core::wire::Question for $name {
            #[expect(clippy::disallowed_methods, reason = "the one place where plain messages are read")]
            fn read(bytes: &[u8]) -> Result<Self, musubi_core::wire::NotReadable> {
                <Self as prost::Message>::decode(bytes).map_err(|_| {
                    musubi_core::wire::NotReadable(concat!("M001 ", stringify!($name), ": not a message of the schema musubi.v1").to_owned())
                })
            }
        }
    )*};
}
pub(crate) use plain;
