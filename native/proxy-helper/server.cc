// SPDX-License-Identifier: Apache-2.0
#include "proxy-helper/server.h"

#include <cerrno>
#include <cstring>
#include <memory>

namespace vfsd::proxy_helper {
namespace {

Status SendStatus(Connection& connection, Status status) {
  const int32_t number = status ? 0 : -status.error().value();
  return connection.SendFields(status ? AnswerType::kSuccess : AnswerType::kError,
                               std::as_bytes(std::span(&number, 1)));
}

Status Send(Connection& connection, AnswerForm form, Status status, const Answer& answer) {
  switch (form) {
    case AnswerForm::kDescriptor:
      return status ? connection.SendDescriptor(answer.descriptor())
                    : connection.SendErrno(status.error());
    case AnswerForm::kFields:
      if (status) {
        return connection.SendFields(AnswerType::kSuccess, answer.body());
      }
      return SendStatus(connection, status);
    case AnswerForm::kStatus:
      return SendStatus(connection, status);
  }
  return Errno(EINVAL);
}

std::string WhyNot(Reception reception) {
  switch (reception) {
    case Reception::kTorn:
      return "the client has gone in the middle of a request";
    case Reception::kTooLong:
      return "the client sent a request of more than " + std::to_string(kMaxBody) +
             " bytes, which is none";
    case Reception::kFailed:
      return std::string("receiving a request: ") + strerror(errno);
    case Reception::kRequest:
    case Reception::kClosed:
      break;
  }
  return {};
}

}  // namespace

std::string Serve(Connection& connection, Operations& operations) {
  const auto answer = std::make_unique<Answer>();
  for (;;) {
    Request request;
    const Reception reception = connection.Receive(request);
    if (reception != Reception::kRequest) {
      return WhyNot(reception);
    }
    const RequestKind* const kind = FindRequestKind(request.type);
    Fields fields(request.body);
    answer->Clear();
    const Status status =
        kind == nullptr ? Status(Errno(EOPNOTSUPP)) : (operations.*kind->run)(fields, *answer);
    if (fields.broken()) {
      return std::string("the client sent a request ") + kind->name +
             " whose fields are not as long as it is";
    }
    const Status sent =
        Send(connection, kind == nullptr ? AnswerForm::kStatus : kind->form, status, *answer);
    if (!sent) {
      // Who goes while an answer is made has gone.
      return sent.error() == Errno(EPIPE)
                 ? std::string()
                 : std::string("answering a request: ") + strerror(sent.error().value());
    }
    answer->Clear();
  }
}

}  // namespace vfsd::proxy_helper
