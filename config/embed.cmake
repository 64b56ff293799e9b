# Writes the schemas as one C source: cmake -DOUTPUT=schemas.c "-DSCHEMAS=a.json;b.json" -P embed.cmake
set(arrays "")
set(table "")
foreach(file ${SCHEMAS})
  get_filename_component(name ${file} NAME_WE)
  string(MAKE_C_IDENTIFIER ${name} symbol)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND arrays "static const char schema_${symbol}[] = {${bytes}0};\n")
  string(APPEND table "    {\"${name}\", schema_${symbol}},\n")
endforeach()
file(WRITE ${OUTPUT} "/* Made from config/schema by config/embed.cmake. */\n#include \"gateway/tool/schema.h\"\n\n${arrays}
const struct schema_document schema_documents[] = {\n${table}    {0, 0},\n};\n")
