#include "api/execution/operation.hpp"

// A task asks people (Airflow's human in the loop).
namespace leoflow::api::execution {
namespace {

const Body kQuestion{.fields = {{.name = "ti_id", .check = uuid, .required = true},
                                {.name = "options", .check = filled_texts, .required = true},
                                {.name = "subject", .required = true},
                                {.name = "body", .check = or_null<text>},
                                {.name = "defaults", .check = or_null<texts>},
                                {.name = "multiple", .check = boolean},
                                {.name = "params", .check = object},
                                {.name = "assigned_users", .check = users}},
                     .may_have_others = true};
const Body kGivenAnswer{.fields = {{.name = "ti_id", .check = uuid, .required = true},
                                   {.name = "chosen_options", .check = filled_texts, .required = true},
                                   {.name = "params_input", .check = object}},
                        .may_have_others = true};

/// The question as it is stored: all of its fields.
json::value whole_question(json::value question) {
  const json::object defaults = {{"body", nullptr},
                                 {"defaults", nullptr},
                                 {"multiple", false},
                                 {"params", json::object()},
                                 {"assigned_users", json::array()}};
  json::object& fields = question.get_object();
  for (const auto& [name, value] : defaults) fields.emplace(name, value);
  // Whoever asks, it is about the task instance of the path.
  fields["ti_id"] = fields["task_instance_id"];
  fields.erase("task_instance_id");
  return question;
}

}  // namespace

std::vector<Operation> human_input_operations() {
  constexpr std::string_view kOne = "/execution/hitlDetails/{task_instance_id}";
  return {
      {.route = {"POST", kOne, "upsert_hitl_detail", false},
       .access = Access::own_task,
       .body = &kQuestion,
       .ask = "CreateHITLDetailPayload",
       .status = 201,
       .select = whole_question},
      {.route = {"PATCH", kOne, "update_hitl_detail", false},
       .access = Access::own_task,
       .body = &kGivenAnswer,
       .ask = "UpdateHITLDetail"},
      {.route = {"GET", kOne, "get_hitl_detail", false},
       .access = Access::own_task,
       .ask = "GetHITLDetailResponse"},
  };
}

}  // namespace leoflow::api::execution
